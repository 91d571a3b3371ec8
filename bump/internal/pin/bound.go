package pin

// Bound returns the pins in groups that can only move together, for they share a literal or an input, in the order
// of their first pins.
func (f *Found) Bound() [][]*Pin {
	group := make([]int, len(f.Pins)) // by pin: the first pin of its group
	slots, inputs := map[SlotID]int{}, map[string]int{}
	for i, p := range f.Pins {
		group[i] = i
		for _, id := range p.Slots() {
			join(group, slots, id, i)
		}
		if in := p.Input(); in != nil {
			join(group, inputs, in.Name, i)
		}
	}
	var bound [][]*Pin
	at := map[int]int{}
	for i, p := range f.Pins {
		first := firstOf(group, i)
		if _, ok := at[first]; !ok {
			at[first] = len(bound)
			bound = append(bound, nil)
		}
		bound[at[first]] = append(bound[at[first]], p)
	}
	return bound
}

// join puts a pin into the group of the pin that had a thing first.
func join[K comparable](group []int, had map[K]int, thing K, pin int) {
	other, ok := had[thing]
	if !ok {
		had[thing] = pin
		return
	}
	a, b := firstOf(group, other), firstOf(group, pin)
	group[max(a, b)] = min(a, b)
}

// firstOf is the first pin of the group that a pin is in.
func firstOf(group []int, pin int) int {
	for group[pin] != pin {
		pin = group[pin]
	}
	return pin
}
