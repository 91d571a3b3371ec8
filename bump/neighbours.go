package bump

import (
	"context"

	"github.com/nixtars/ollama-bump/bump/internal/dependabot"
	"github.com/nixtars/ollama-bump/bump/internal/foreign"
)

// warnOfDependabot warns when Dependabot moves an input that is bumped here: it would leave the version and
// the hashes that belong to it behind. A configuration that cannot be read is Dependabot's business.
func (j *job) warnOfDependabot(ctx context.Context) {
	for _, name := range dependabot.Files() {
		src, err := foreign.Read(ctx, j.tree.Root, name, dependabot.MaxSize)
		if foreign.Missing(err) {
			continue
		}
		if err != nil {
			j.say(Detail, "pin", "%s is not read: %v", name, err)
			return
		}
		config, err := dependabot.Parse(src)
		if err != nil {
			j.say(Detail, "pin", "%s is not read: %v", name, err)
			return
		}
		for _, p := range j.plan.Pins {
			if in := p.Input(); in != nil && config.Moves(j.tree.Sub, in.Name) {
				j.warn("pin", "%s moves the input %s by itself, without the version and the hashes that belong to it: add %s to "+
					"its nix update",
					name, in.Name, dependabot.Snippet(in.Name))
			}
		}
		return
	}
}
