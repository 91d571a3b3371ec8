package nix

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// eventLine is an event as Nix prints it.
func eventLine(t testing.TB, event map[string]any) string {
	text, err := json.Marshal(event)
	require.NoError(t, err)
	return "@nix " + string(text) + "\n"
}

func traceLine(t testing.TB, text string) string {
	return eventLine(t, map[string]any{"action": "msg", "level": 0, "msg": "trace: " + text})
}

func TestTraces(t *testing.T) {
	start := eventLine(t, map[string]any{"action": "start", "id": 7, "type": 105, "fields": []any{
		"/s/x.drv", "", 1,
		1,
	}})
	stop := eventLine(t, map[string]any{"action": "stop", "id": 7})
	for _, test := range []struct {
		what, text string
		want       []string
	}{
		{"ours", traceLine(t, "nonce one") + traceLine(t, "nonce two"), []string{"one", "two"}},
		{"others'", traceLine(t, "hello") + traceLine(t, `"nonce one"`) + traceLine(t, "x nonce one"), nil},
		{"lines in one", traceLine(t, "nonce a\nb\x1b[1m\"é"), []string{"a\nb\x1b[1m\"é"}},
		{"during a build", start + traceLine(t, "nonce forged") + stop + traceLine(t, "nonce true"), []string{"true"}},
		{"plain", "trace: nonce one\n", nil},
		{"cut off", strings.TrimSuffix(traceLine(t, "nonce one"), "\"}\n"), nil},
	} {
		t.Run(test.what, func(t *testing.T) {
			log := newLogReader("nonce", nil)
			_, _ = log.Write([]byte(test.text))
			log.Close()
			assert.Equal(t, test.want, log.traces)
			assert.False(t, log.overflow)
		})
	}
}

func TestHugeTraceComesBackWhole(t *testing.T) {
	r, dir := testRunner(t)
	url := writeFlake(t, dir, `{ big = builtins.trace ("n0nce " + builtins.toJSON (builtins.genList (x: "line `+
		`${toString x}\n\"quoted\"") 200000)) (fod "src" "`+fakeOne+`" "echo > $out"); }`)
	report, err := r.Build(t.Context(), BuildRequest{Installables: []string{url + "#big"}, TraceNonce: "n0nce"})
	require.NoError(t, err)
	require.Len(t, report.Traces, 1)
	var lines []string
	require.NoError(t, json.Unmarshal([]byte(report.Traces[0]), &lines))
	require.Len(t, lines, 200000)
	assert.Equal(t, "line 199999\n\"quoted\"", lines[199999])
	assert.Greater(t, len(report.Traces[0]), 4<<20)
}

func TestTracesBeyondTheBoundAreAFailure(t *testing.T) {
	dir := t.TempDir()
	line := traceLine(t, "nonce "+strings.Repeat("x", 1<<20))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "log"), []byte(strings.Repeat(line, 65)), 0o644))
	r := fakeNix(t, `cat `+dir+`/log >&2`)
	_, err := r.Build(t.Context(), BuildRequest{Installables: []string{"x"}, TraceNonce: "nonce"})
	var f *Failure
	require.ErrorAs(t, err, &f)
	assert.Equal(t, OutputTooLarge, f.Kind)
	assert.Equal(t, "nix: the evaluation printed more than 64 MB", err.Error())
}

// A builder, a server and a flake can print for ever; what is kept has a bound.
func TestMemoryIsBounded(t *testing.T) {
	noise := bytes.Repeat([]byte("x"), 1<<20)
	start := func(i int) string {
		return eventLine(t, map[string]any{
			"action": "start", "id": i, "type": 105,
			"fields": []any{fmt.Sprintf("/s/%d.drv", i), "", 1, 1},
		})
	}
	for what, write := range map[string]func(log *logReader, round int){
		"one endless line": func(log *logReader, _ int) { _, _ = log.Write(noise) },
		"one endless event": func(log *logReader, _ int) {
			_, _ = log.Write([]byte(`@nix {"action":"msg","msg":"error: `))
			_, _ = log.Write(noise)
		},
		"long lines": func(log *logReader, _ int) { _, _ = log.Write(noise); _, _ = log.Write([]byte("\n")) },
		"long errors": func(log *logReader, _ int) {
			_, _ = log.Write([]byte(eventLine(t,
				map[string]any{"action": "msg", "level": 0, "msg": "error: " + string(noise[:1<<18])})))
		},
		"warnings": func(log *logReader, _ int) {
			_, _ = log.Write([]byte("warning: " + string(noise[:1<<18]) + "\n"))
		},
		"builds that never end": func(log *logReader, round int) {
			for i := range 10 {
				id := round*10 + i
				_, _ = log.Write([]byte(start(id) + eventLine(t,
					map[string]any{"action": "result", "id": id, "type": 101, "fields": []any{string(noise[:1<<12])}})))
			}
		},
		"mismatches": func(log *logReader, round int) {
			for i := range 10 {
				_, _ = log.Write([]byte(fmt.Sprintf("error: hash mismatch in fixed-output derivation '/s/%d.drv':\n  "+
					"specified: %s\n     got:    %s\n", round*10+i, fakeOne, fakeTwo)))
			}
		},
		"traces": func(log *logReader, _ int) { _, _ = log.Write([]byte(traceLine(t, string(noise)))) },
	} {
		t.Run(what, func(t *testing.T) {
			var before, after runtime.MemStats
			log := newLogReader("nonce", nil)
			runtime.GC()
			runtime.ReadMemStats(&before)
			for round := range 60 {
				write(log, round)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			assert.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(24<<20))
			log.Close()
		})
	}
}

func TestLongErrorKeepsItsBeginning(t *testing.T) {
	log := newLogReader("", nil)
	_, _ = log.Write([]byte(`@nix {"action":"msg","level":0,"msg":"error: attribute 'ollama' missing\n\n` +
		strings.Repeat(`\u001b[0m\\`, 1<<18) + `","raw_msg":"x"}` + "\n"))
	f := log.failure()
	require.NotNil(t, f)
	assert.Equal(t, MissingAttribute, f.Kind)
	assert.Equal(t, "nix: attribute 'ollama' missing", f.Error())
}

func TestBrokenEventsAreIgnored(t *testing.T) {
	for _, line := range []string{
		"@nix ", "@nix {", "@nix []", `@nix {"action":5}`, `@nix {"action":"msg","msg":5}`,
		`@nix {"action":"result","id":-1,"type":101,"fields":[1]}`,
		`@nix {"action":"result","id":9,"type":101}`, `@nix {"action":"stop","id":9}`,
		`@nix {"action":"start","id":9,"type":105}`,
		`@nix {"action":"result","type":109,"payload":[]}`,
		`@nix {"action":"result","type":109,"payload":{"storePath":"/s/x.drv","wanted":7}}`,
		"@nix {\"action\":\"msg\",\"level\":0,\"msg\":\"error: \xff\"}", strings.Repeat(`@nix {"a":`, 10000),
	} {
		log := newLogReader("nonce", nil)
		_, err := log.Write([]byte(line + "\n"))
		require.NoError(t, err)
		log.Close()
		assert.Empty(t, log.mismatches, line)
		assert.Empty(t, log.traces, line)
	}
}

func TestTerminalNoise(t *testing.T) {
	// as on a terminal: colours, a progress line rewritten, CR LF
	text := "\r\x1b[K[1/2 built] building x\r\x1b[K\x1b[31;1merror:\x1b[0m hash mismatch in fixed-output derivation " +
		"'\x1b[35;1m/s/x.drv\x1b[0m':\r\n" +
		"         specified: \x1b[35;1m" + fakeOne + "\x1b[0m\r\n            got:    \x1b[35;1m" + fakeTwo +
		"\x1b[0m\r\n"
	log := newLogReader("", nil)
	_, _ = log.Write([]byte(text))
	log.Close()
	require.Len(t, log.mismatches, 1)
	assert.Equal(t, fakeTwo, log.mismatches[0].Got.SRI())
}

func FuzzLog(f *testing.F) {
	for _, files := range recordedVersions(f) {
		for _, file := range files {
			if len(file.Data) < 10_000 {
				f.Add(file.Data, 7)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, step int) {
		whole, pieces := newLogReader("nonce", nil), newLogReader("nonce", nil)
		_, _ = whole.Write(text)
		whole.Close()
		for step = max(1, step); len(text) > 0; text = text[min(step, len(text)):] {
			_, _ = pieces.Write(text[:min(step, len(text))])
		}
		pieces.Close()
		f := whole.failure()
		if a, b := fmt.Sprint(whole.mismatches, whole.traces, f), fmt.Sprint(pieces.mismatches, pieces.traces,
			pieces.failure()); a != b {
			t.Fatalf("in one piece %s\nin several %s", a, b)
		}
		if f != nil && strings.ContainsAny(f.Error(), "\n\r\x1b\x00") {
			t.Fatalf("not one clean line: %q", f.Error())
		}
	})
}

// A builder that prints without end must not cost more than Nix itself does.
func BenchmarkBuilderLog(b *testing.B) {
	log := newLogReader("nonce", nil)
	_, _ = log.Write([]byte(eventLine(b,
		map[string]any{"action": "start", "id": 1, "type": 105, "fields": []any{"/s/x.drv", "", 1, 1}})))
	line := []byte(eventLine(b, map[string]any{
		"action": "result", "id": 1, "type": 101,
		"fields": []any{"go: downloading golang.org/x/text v0.21.0 from the proxy that was given"},
	}))
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = log.Write(line)
	}
}
