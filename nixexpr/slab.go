package nixexpr

// A slab hands out values of one type from blocks, so that a tree of many small nodes costs
// few allocations. The blocks grow with the tree up to maxBlock values.
type slab[T any] struct {
	free []T
	next int // size of the next block
}

const (
	firstBlock = 8
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
	s.next = min(max(s.next*2, firstBlock), maxBlock)
	s.free = make([]T, max(need, s.next))
}
