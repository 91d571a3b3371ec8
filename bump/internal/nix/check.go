package nix

import "context"

// A CheckReport is what evaluating the outputs of a flake one after the other showed.
type CheckReport struct {
	Traces   []string   // as in a BuildReport
	Failures []*Failure // of the outputs that do not evaluate, in the order of evaluation; others may follow
}

// Check evaluates all outputs of a flake in one process and builds nothing. Unlike a build it goes on after an output
// that does not evaluate, whatever ends its evaluation: a type error, say, which no builtins.tryEval catches. The error
// is that of a machine or of a run that ended.
func (r *Runner) Check(ctx context.Context, flake, traceNonce string) (CheckReport, error) {
	args := append([]string{"flake", "check"}, baseArgs...)
	args = append(args, "--keep-going", "--no-build", keepLock)
	args = append(args, r.Args...)
	args = append(args, "--log-format", "internal-json", "--", flake)
	log := r.newLog(traceNonce)
	log.progress(Activity{What: "evaluating", Text: "the flake"})
	_, _, err := r.run(ctx, log, args...)
	if ctx.Err() != nil {
		return CheckReport{}, err
	}
	report := CheckReport{Traces: log.traces}
	// Older versions of Nix say that they ignore an error, newer ones report it as any. The last one is of them all.
	for _, m := range append(log.ignored, log.errors...) {
		report.Failures = append(report.Failures, r.redacted(classify(m, log.buildLog)))
	}
	return report, nil
}
