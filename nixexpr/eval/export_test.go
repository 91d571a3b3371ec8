package eval

// SpendAllBut leaves only so many steps of the program's budget.
func (p *Program) SpendAllBut(steps int) {
	p.steps = min(p.steps, steps)
	p.check = p.steps
}
