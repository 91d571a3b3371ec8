package pin

// Bound returns the pins in groups that move together or not at all, in the order of their first pins: two that share
// a literal or an input of the flake, by themselves or through others.
func (f *Found) Bound() [][]*Pin {
	return bound(f.Pins, func(p *Pin) *Pin { return p })
}

// bound groups pins as [Found.Bound] does.
func bound[T any](pins []T, pin func(T) *Pin) [][]T {
	sets, holder := newForest(len(pins)), map[any]int{}
	for i, t := range pins {
		hold := func(what any) {
			if j, held := holder[what]; held {
				sets.join(i, j)
			}
			holder[what] = i
		}
		for _, id := range pin(t).Slots() {
			hold(id)
		}
		if in := pin(t).Input(); in != nil {
			hold(in.Name)
		}
	}
	var list [][]T
	index := map[int]int{} // in list, by the root of the set
	for i, t := range pins {
		root := sets.root(i)
		at, known := index[root]
		if !known {
			at = len(list)
			index[root], list = at, append(list, nil)
		}
		list[at] = append(list[at], t)
	}
	return list
}

// A forest holds disjoint sets of numbers (union-find): each number has a parent, a root itself.
type forest []int

func newForest(n int) forest {
	f := make(forest, n)
	for i := range f {
		f[i] = i
	}
	return f
}

// root returns the number that stands for the set of i.
func (f forest) root(i int) int {
	for f[i] != i {
		f[i] = f[f[i]]
		i = f[i]
	}
	return i
}

// join makes one set of those of i and j.
func (f forest) join(i, j int) { f[f.root(i)] = f.root(j) }
