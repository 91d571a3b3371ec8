package nix

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
)

// The bounds of what is kept of a run. A hostile builder prints for ever.
const (
	maxLine       = 1 << 20  // bytes of a line, but of a trace of ours
	maxTraces     = 64 << 20 // bytes of all traces of ours together
	maxMessages   = 200      // errors, and as many that Nix went on after
	maxMessage    = 64 << 10 // bytes of one of them
	maxActivities = 10_000   // that run at a time
	maxBuildLogs  = 256      // derivations whose last lines are kept
	keptLogLines  = 10
)

// message is an error of Nix.
type message struct {
	text string // without colours
	own  bool   // of Nix itself: it carries raw_msg, which nothing that a builder prints can have
	raw  string // raw_msg: the complaint without the trace of the evaluation; "" without one
	at   Position
}

// build is a derivation that Nix builds or has built.
type build struct {
	drv     string
	host    string // of the remote builder; "" here
	running int    // activities: two over ssh-ng, where the other side reports its own
	log     tail
	told    string // the last line that tells why it will fail
}

// logReader reads what Nix writes to standard error, as internal-json or as plain text, line by line,
// and keeps what matters. It is an io.Writer that never fails.
type logReader struct {
	unfinished
	traceLog
	complaints
	work
	progress func(Activity)
	plan     planReader
	plain    tail     // lines that are no events: of git, ssh, or of a Nix that failed early
	block    []string // a plain error and its indented lines
}

// unfinished is a line whose end is not there yet.
type unfinished struct {
	line []byte
	cut  bool // its end is left out
}

// traceLog has the traces of the evaluation that are asked for.
type traceLog struct {
	nonce      string // begins their text
	traces     []string
	traceBytes int
	overflow   bool // they were too long
}

// complaints are what Nix has against what it builds.
type complaints struct {
	mismatches []Mismatch
	elsewhere  map[string]bool // derivations whose build on another machine ended in one
	errors     []message
	ignored    []message // errors that Nix went on after, as it says
}

// work is what Nix does, and has done.
type work struct {
	activities map[uint64]*activity
	started    bool              // Nix has begun to do something
	open       int               // builds that run now
	builds     map[string]*build // by derivation
	order      []string          // of builds
	shown      time.Time
}

func newLogReader(nonce string, progress func(Activity)) *logReader {
	if progress == nil {
		progress = func(Activity) {}
	}
	return &logReader{
		progress: progress, plain: tail{limit: 2 * keptLogLines}, traceLog: traceLog{nonce: nonce},
		work:       work{activities: map[uint64]*activity{}, builds: map[string]*build{}},
		complaints: complaints{elsewhere: map[string]bool{}},
	}
}

// Write takes the next bytes of the log.
func (l *logReader) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			l.extend(p)
			break
		}
		l.extend(p[:end])
		l.endLine()
		p = p[end+1:]
	}
	return n, nil
}

// Close ends the log.
func (l *logReader) Close() {
	if len(l.line) > 0 {
		l.endLine()
	}
	l.endBlock()
}

// extend adds to the unfinished line what the bounds admit.
func (l *logReader) extend(p []byte) {
	limit := maxLine
	if len(l.line)+len(p) > limit && l.ownTrace(l.line) {
		limit = 2*maxTraces + maxLine // an escaped byte takes two, mostly
	}
	if room := limit - len(l.line); len(p) > room {
		p, l.cut = p[:max(0, room)], true
	}
	l.line = append(l.line, p...)
}

// ownTrace tells by its beginning whether a line is a trace that we asked for.
func (t *traceLog) ownTrace(line []byte) bool {
	return t.nonce != "" && bytes.HasPrefix(line, eventMark) &&
		bytes.Contains(line[:min(len(line), 512)], []byte(t.nonce))
}

func (l *logReader) endLine() {
	line, cut := bytes.TrimSuffix(l.line, []byte("\r")), l.cut
	if bytes.HasPrefix(line, eventMark) {
		if e, ok := parseEvent(line, cut); ok {
			l.event(&e, cut)
		}
	} else {
		for part := range bytes.SplitSeq(line, []byte("\r")) { // a progress bar rewrites its line
			l.plainLine(strings.TrimRight(diag.StripEscapes(string(part)), " "))
		}
	}
	if cap(l.line) > 2*maxLine {
		l.line = nil
	}
	l.line, l.cut = l.line[:0], false
}

func (l *logReader) event(e *event, cut bool) {
	switch e.Action {
	case "msg":
		l.message(e, cut)
	case "start":
		l.start(e)
	case "stop":
		l.stop(e.ID)
	case "result":
		l.result(e)
	}
}

func (l *logReader) message(e *event, cut bool) {
	if l.trace(e, cut) {
		return
	}
	text := diag.StripEscapes(clip(e.Msg, maxMessage))
	switch {
	case e.RawMsg != nil && strings.HasPrefix(text, "error:"), e.Level == 0 && strings.HasPrefix(text, "error:"):
		m := message{text: text, own: e.RawMsg != nil && !cut, at: Position{e.File, e.Line, e.Column}}
		if m.own {
			m.raw = diag.StripEscapes(clip(*e.RawMsg, maxMessage))
		}
		l.error(m)
	case e.Level == 0 && strings.HasPrefix(text, ignoredError) && len(l.ignored) < maxMessages:
		l.ignored = append(l.ignored, message{text: strings.TrimPrefix(text, ignoredError)})
	case !strings.HasPrefix(text, "warning:"):
		l.plan.read(text)
	}
}

// ignoredError begins an error that Nix went on after.
const ignoredError = "error (ignored): "

// trace keeps the output of a builtins.trace that begins with the nonce. Evaluation stands still while
// a derivation is built for it, so a trace that comes during a build is a builder's forgery.
func (l *logReader) trace(e *event, cut bool) bool {
	const label = "trace: "
	if l.nonce == "" || !strings.HasPrefix(e.Msg, label+l.nonce) {
		return false
	}
	payload := strings.TrimPrefix(e.Msg[len(label)+len(l.nonce):], " ")
	switch {
	case l.open > 0: // ignored
	case cut || l.traceBytes+len(payload) > maxTraces:
		l.overflow = true
	default:
		l.traceBytes += len(payload)
		l.traces = append(l.traces, payload)
	}
	return true
}

// error takes an error in: a mismatch is kept as such, too.
func (l *logReader) error(m message) {
	if len(l.errors) < maxMessages {
		l.errors = append(l.errors, m)
	}
	mismatch, ok := parseMismatch(m.text)
	if !ok { // a build for the evaluation's sake: the evaluation's trace stands before the complaint
		mismatch, ok = parseMismatch(m.raw)
	}
	if !ok {
		return
	}
	mismatch.Origin = l.origin(m, mismatch.DrvPath)
	if drv := l.remote(m.text); drv != "" && drv == mismatch.DrvPath {
		l.elsewhere[drv] = true
	}
	l.mismatches = addMismatch(l.mismatches, mismatch)
}

func (w *work) origin(m message, drv string) Origin {
	b := w.builds[drv]
	switch {
	case b == nil:
		return OriginText
	case m.own || w.open == b.running:
		return OriginNix
	}
	return OriginUnmarked
}

// remote returns the derivation of which text reports that its build on another machine failed. Events
// tell which builds run where; a plain log is believed.
func (w *work) remote(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	head := remoteHead.FindStringSubmatch(first)
	if head == nil {
		return ""
	}
	if b := w.builds[head[1]]; len(w.builds) > 0 && (b == nil || b.host != head[2]) {
		return ""
	}
	return head[1]
}

// plainError tells a line of a plain log that begins an error. Before 2.4 only the last one had "error:".
var plainError = regexp.MustCompile(`^(?:error:|hash mismatch in fixed-output derivation '` +
	`|fixed-output derivation produced path '|builder for '[^']*' failed|building of '[^']*' timed out` +
	`|cannot build derivation '|output path '[^']*' |illegal path references in)`)

// plainNews tells Nix's own lines between those of the builders.
var plainNews = regexp.MustCompile(`^(?:building '|copying |these \d* ?(?:derivations|paths) will be` +
	`|this (?:derivation|path) will be|  /|unpacking '|Try ')`)

// plainLine reads a line of a plain log. Errors go on with indented and empty lines.
func (l *logReader) plainLine(line string) {
	switch {
	case plainError.MatchString(line):
		l.endBlock()
		l.block = []string{clip(line, maxMessage)}
	case l.block != nil && (line == "" || strings.HasPrefix(line, " ")) && len(l.block) < 100:
		l.block = append(l.block, clip(line, 4096))
	default:
		l.endBlock()
		if line != "" && !strings.HasPrefix(line, "warning:") && !plainNews.MatchString(line) {
			l.plain.add(logLine(line))
		}
	}
}

func (l *logReader) endBlock() {
	if l.block != nil {
		l.error(message{text: strings.Join(l.block, "\n")})
		l.block = nil
	}
}

// buildLog returns the last lines of a derivation's builder. In a plain log nobody knows whose they are.
func (l *logReader) buildLog(drv string) []string {
	b := l.builds[drv]
	switch {
	case b == nil && len(l.builds) == 0:
		return l.plain.lines
	case b == nil:
		return nil
	case b.told != "" && !slices.Contains(b.log.lines, b.told):
		return append([]string{b.told}, b.log.lines...)
	}
	return slices.Clone(b.log.lines)
}

// failure chooses the error that explains the run: the first of Nix's own that names a cause, then the
// first at all. It is nil when Nix complains of nothing but mismatches and what follows from them.
func (l *logReader) failure() *Failure {
	var best *Failure
	bestRank := 0
	for _, m := range l.errors {
		f := classify(m, l.buildLog)
		if rank := l.rank(f, m); best == nil || rank < bestRank {
			best, bestRank = f, rank
		}
	}
	if best == nil || best.Kind == HashMismatch || best.Kind == Dependency && len(l.mismatches) > 0 {
		return nil
	}
	return best
}

// rank orders failures, the best explanation first.
func (l *logReader) rank(f *Failure, m message) int {
	rank := 0
	if !m.own && l.remote(m.text) == "" {
		if l.started && l.builds[f.Derivation] == nil { // a builder's words, or git's
			f.Fetched = nil
			return 103
		}
		rank += 10
	}
	switch {
	case f.Kind == Other && m.own && l.started && len(l.builds) == 0:
		f.Kind, f.Hint = Eval, hints[Eval] // a throw has no place in Nix before 2.18
	case f.Kind == Dependency:
		return 102
	case f.Kind == HashMismatch && m.own && l.builds[f.Derivation] == nil:
		f.Kind, f.Hint = Eval, hints[Eval] // a throw with these words
	case f.Kind == HashMismatch, f.Kind == Builder && l.elsewhere[f.Derivation]:
		f.Kind = HashMismatch // a remote mismatch is followed by "builder for … failed"
		return 101
	case f.Kind == Other:
		rank += 20
	}
	return rank
}
