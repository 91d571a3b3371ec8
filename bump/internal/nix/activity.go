package nix

import (
	"path"
	"strings"
	"time"

	"github.com/nixtars/ollama-bump/bump/internal/diag"
)

// Activity is what Nix does at a moment, for a line of progress.
type Activity struct {
	What What
	Text string // of what: a derivation's name, a URL without secrets; for a build its log's last line follows
	// Bytes so far and in all; 0 where unknown.
	Done, Total int64
}

// What is the kind of an Activity.
type What string

// The kinds. A command, and a line of a build's log, is reported once; the others as often as they change,
// within the bounds of Runner.Progress.
const (
	Evaluating  What = "evaluating"
	Building    What = "building"
	Downloading What = "downloading"
	Fetching    What = "fetching"
	Copying     What = "copying"
	Waiting     What = "waiting"
	Running     What = "running" // Text is a command that is started
	Logging     What = "log"     // Text is a derivation's name, "> " and a line of its log
)

// activity is one that runs.
type activity struct {
	kind  int
	shown Activity
	build *build // of actBuild
}

// throttle is the least time between two reports about the same things.
const throttle = 100 * time.Millisecond

func (l *logReader) start(e *event) {
	l.started = true
	if len(l.activities) >= maxActivities || l.activities[e.ID] != nil {
		return
	}
	a := &activity{kind: e.Type, shown: describe(e)}
	l.activities[e.ID] = a
	if e.Type == actBuild {
		a.build = l.startBuild(e.field(0), e.field(1))
		a.build.running++
		l.open++
	}
	l.show(a.shown, a.kind != actUnknown)
}

func (w *work) startBuild(drv, host string) *build {
	b := w.builds[drv]
	if b == nil {
		b = &build{drv: drv, log: tail{limit: keptLogLines}}
		w.builds[drv] = b
		w.order = append(w.order, drv)
		if len(w.order) > maxBuildLogs {
			w.builds[w.order[0]].log.lines = nil
			w.order = w.order[1:]
		}
	}
	if host != "" { // over ssh-ng the other side reports its build as one without a host
		b.host = host
	}
	return b
}

func (w *work) stop(id uint64) {
	if a := w.activities[id]; a != nil {
		if a.kind == actBuild {
			a.build.running--
			w.open--
		}
		delete(w.activities, id)
	}
}

func (l *logReader) result(e *event) {
	if e.Type == resHashMismatch {
		if m, ok := e.mismatch(); ok {
			if l.builds[m.DrvPath] != nil {
				m.Origin = OriginNix
			}
			l.mismatches = addMismatch(l.mismatches, m)
		}
		return
	}
	a := l.activities[e.ID]
	if a == nil {
		return
	}
	switch {
	case e.Type == resBuildLogLine && a.build != nil:
		line := logLine(clip(e.field(0), 4*maxLogLine))
		a.build.log.add(line)
		if telling(line) != Other {
			a.build.told = line
		}
		l.progress(Activity{What: Logging, Text: a.shown.Text + "> " + line})
		shown := a.shown
		shown.Text += ": " + line
		l.show(shown, false)
	case e.Type == resProgress && (a.kind == actFileTransfer || a.kind == actCopyPath):
		a.shown.Done, a.shown.Total = e.number(0), e.number(1)
		l.show(a.shown, false)
	}
}

// show reports, unless it did a moment ago and this is nothing new.
func (l *logReader) show(shown Activity, news bool) {
	if shown.What == "" || shown.Text == "" {
		return
	}
	now := time.Now()
	if !news && now.Sub(l.shown) < throttle {
		return
	}
	l.shown = now
	l.progress(shown)
}

// describe says what an activity is. The kinds that only group others say nothing.
func describe(e *event) Activity {
	text := clip(withoutStore(strings.Join(strings.Fields(diag.Safe(clip(e.Text, 4096))), " ")), maxLogLine)
	switch e.Type {
	case actBuild:
		text = derivationName(path.Base(e.field(0)))
		if host := e.field(1); host != "" {
			text += " on " + host
		}
		return Activity{What: Building, Text: logLine(text)}
	case actFileTransfer:
		return Activity{What: Downloading, Text: logLine(e.field(0))}
	case actFetchTree:
		return Activity{What: Fetching, Text: text}
	case actCopyPath, actSubstitute:
		return Activity{What: Copying, Text: derivationName(path.Base(e.field(0)))}
	case actBuildWaiting:
		return Activity{What: Waiting, Text: text}
	case actUnknown:
		if rest, ok := strings.CutPrefix(text, "evaluating "); ok {
			return Activity{What: Evaluating, Text: rest}
		}
	}
	return Activity{}
}
