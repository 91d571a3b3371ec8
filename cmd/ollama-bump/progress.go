package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"github.com/nixtars/ollama-bump/bump"
)

// heartbeat is how long a log without a terminal is silent at most while something goes on. It is a variable for the
// scripts of the tests, which cannot wait.
var heartbeat = 30 * time.Second

// progress is what goes on, for the live line of a terminal and for the heartbeat of a log.
type progress struct {
	text  string    // what goes on; "" when nothing does
	since time.Time // when the run began
	spoke time.Time // when the last line was printed
	tick  *time.Ticker
	transfer
}

// transfer is a download that goes on.
type transfer struct {
	of          string // the text of its events
	done, total int64  // bytes
	rate        float64
	at          time.Time
}

// update takes over how far a download is. Its rate is a mean in which the newest seconds weigh most.
func (t *transfer) update(text string, e bump.Event, now time.Time) {
	if e.Done <= 0 {
		if t.of != text {
			*t = transfer{}
		}
		return
	}
	if t.of != text || e.Done < t.done {
		*t = transfer{of: text, done: e.Done, total: e.Total, at: now}
		return
	}
	span := now.Sub(t.at).Seconds()
	if span < 0.5 {
		t.total = e.Total
		return
	}
	rate := float64(e.Done-t.done) / span
	if t.rate > 0 {
		rate = 0.6*t.rate + 0.4*rate
	}
	t.done, t.total, t.rate, t.at = e.Done, e.Total, rate, now
}

// String returns ", 12.3 of 45.6 MiB at 7.8 MiB/s", without what is not known.
func (t *transfer) String() string {
	if t.done <= 0 {
		return ""
	}
	text := ", " + size(float64(t.done))
	if t.total > t.done {
		text += " of " + size(float64(t.total))
	}
	if t.rate > 0 {
		text += " at " + size(t.rate) + "/s"
	}
	return text
}

// size returns a count of bytes for people.
func size(n float64) string {
	unit := "B"
	for _, next := range []string{"KiB", "MiB", "GiB"} {
		if n < 1000 {
			break
		}
		n, unit = n/1024, next
	}
	if unit == "B" || n >= 100 {
		return fmt.Sprintf("%.0f %s", n, unit)
	}
	return fmt.Sprintf("%.1f %s", n, unit)
}

// line prints one message, above the live line if there is one.
func (s *console) line(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	// Nothing can be done about a stderr that is gone, and the job itself does not need it.
	_, _ = io.WriteString(s.w, text+"\n")
	s.spoke = s.now()
	s.draw()
}

// show takes over what goes on.
func (s *console) show(text string, e bump.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	now := s.now()
	s.update(text, e, now)
	s.text, s.since = text, now.Add(-e.Elapsed)
	if s.tick == nil {
		s.spoke = now
		s.tick = time.NewTicker(time.Second)
		go s.beat(s.tick)
	}
	s.draw()
}

// beat redraws the live line every second, or prints the heartbeat when it is due, so that a long
// download does not look like a hang.
func (s *console) beat(tick *time.Ticker) {
	for range tick.C {
		s.mu.Lock()
		if s.tick != tick {
			s.mu.Unlock()
			return
		}
		if now := s.now(); s.width == nil && now.Sub(s.spoke) >= heartbeat {
			_, _ = io.WriteString(s.w, s.text+s.transfer.String()+elapsed(now.Sub(s.since))+"\n")
			s.spoke = now
		}
		s.erase()
		s.draw()
		s.mu.Unlock()
	}
}

// done ends the live line and the heartbeat.
func (s *console) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	s.text = ""
	if s.tick != nil {
		s.tick.Reset(time.Millisecond) // wakes beat, which then ends
		s.tick = nil
	}
}

func (s *console) erase() {
	if s.text != "" && s.width != nil {
		_, _ = io.WriteString(s.w, "\r\x1b[K")
	}
}

func (s *console) draw() {
	if s.text == "" || s.width == nil {
		return
	}
	suffix := s.transfer.String() + elapsed(s.now().Sub(s.since))
	_, _ = io.WriteString(s.w, fit(s.text, suffix, s.width()-1))
}

// fit cuts text so that it and the suffix take at most width columns. What people see as one character (a grapheme
// cluster) is kept or dropped as a whole, and many take two columns.
func fit(text, suffix string, width int) string {
	room := width - uniseg.StringWidth(suffix)
	if uniseg.StringWidth(text) <= room {
		return text + suffix
	}
	room-- // for the ellipsis
	var b strings.Builder
	for state, cluster, columns := -1, "", 0; text != ""; {
		cluster, text, columns, state = uniseg.FirstGraphemeClusterInString(text, state)
		if room -= columns; room < 0 {
			break
		}
		b.WriteString(cluster)
	}
	return b.String() + "…" + suffix
}
