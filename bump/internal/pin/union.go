package pin

// components returns the pins that are connected, in their order: two that share a literal, by themselves or through
// others, move together or not at all.
func components(pins []*reading) [][]*reading {
	sets, holder := newForest(len(pins)), map[SlotID]int{}
	for i, r := range pins {
		for _, id := range r.Slots() {
			if j, held := holder[id]; held {
				sets.join(i, j)
			}
			holder[id] = i
		}
	}
	var list [][]*reading
	index := map[int]int{} // in list, by the root of the set
	for i, r := range pins {
		root := sets.root(i)
		at, known := index[root]
		if !known {
			at = len(list)
			index[root], list = at, append(list, nil)
		}
		list[at] = append(list[at], r)
	}
	return list
}

// A forest holds disjoint sets of numbers (union-find): each number names its parent, a root itself.
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
