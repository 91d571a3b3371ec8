package nixexpr

// A slab hands out values of one type from blocks, so that a tree of many small nodes costs
// few allocations. The blocks grow with the tree up to maxBlock values, a third of what was
// handed out at a time, so that little is left over.
type slab[T any] struct {
	free  []T
	total int // values in all blocks
}

const (
	firstBlock = 4
	maxBlock   = 1024
)

// one is a new zero value.
func (s *slab[T]) one() *T {
	if len(s.free) == 0 {
		s.grow(1)
	}
	v := &s.free[0]
	s.free = s.free[1:]
	return v
}

// copy is a slice of its own with the values; nil when there are none.
func (s *slab[T]) copy(values []T) []T {
	n := len(values)
	if n == 0 {
		return nil
	}
	if n > maxBlock/4 {
		return append(make([]T, 0, n), values...)
	}
	if len(s.free) < n {
		s.grow(n)
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	copy(out, values)
	return out
}

func (s *slab[T]) grow(need int) {
	size := max(need, min(max(s.total/3, firstBlock), maxBlock))
	s.total += size
	s.free = make([]T, size)
}
