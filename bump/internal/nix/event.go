package nix

import (
	"bytes"
	"encoding/json"
	"regexp"
)

// event is a line of --log-format internal-json, after "@nix ".
type event struct {
	Action string            `json:"action"` // "msg", "start", "stop", "result"
	ID     uint64            `json:"id"`     // of the activity
	Level  int               `json:"level"`
	Type   int               `json:"type"` // of the activity, or of the result
	Text   string            `json:"text"`
	Msg    string            `json:"msg"`
	RawMsg *string           `json:"raw_msg"` // only Nix's own errors have it
	File   string            `json:"file"`
	Line   int               `json:"line"`
	Column int               `json:"column"`
	Fields []json.RawMessage `json:"fields"`
	// Determinate Nix 3.5 and later, result type 109
	Payload json.RawMessage `json:"payload"`
}

// Activity and result types, from Nix's logging.hh.
const (
	actUnknown      = 0
	actCopyPath     = 100
	actFileTransfer = 101
	actBuild        = 105
	actSubstitute   = 108
	actBuildWaiting = 111
	actFetchTree    = 112

	resBuildLogLine = 101
	resProgress     = 105
	resHashMismatch = 109
)

var eventMark = []byte("@nix ")

// parseEvent reads a line that begins with "@nix ". A line that was cut short keeps its message.
func parseEvent(line []byte, cut bool) (event, bool) {
	body := line[len(eventMark):]
	if cut {
		body = mendMessage(body)
	}
	var e event
	err := json.Unmarshal(body, &e)
	return e, err == nil && e.Action != ""
}

var brokenEscape = regexp.MustCompile(`\\(?:u[0-9a-fA-F]{0,3})?$`)

// mendMessage closes the string and the object of a message that was cut within them.
func mendMessage(body []byte) []byte {
	body = bytes.TrimRight(body, "\n")
	if at := brokenEscape.FindIndex(body); at != nil && !evenBackslashes(body[:at[0]]) {
		body = body[:at[0]]
	}
	return append(bytes.Clone(body), `…"}`...)
}

// evenBackslashes reports whether a backslash after b would itself be escaped.
func evenBackslashes(b []byte) bool { return (len(b)-len(bytes.TrimRight(b, `\`)))%2 == 1 }

// field returns field i as a string, "" when it is none.
func (e *event) field(i int) string {
	var s string
	if i < len(e.Fields) {
		_ = json.Unmarshal(e.Fields[i], &s)
	}
	return s
}

// number returns field i as a number, 0 when it is none.
func (e *event) number(i int) int64 {
	var n int64
	if i < len(e.Fields) {
		_ = json.Unmarshal(e.Fields[i], &n)
	}
	return n
}

// mismatch reads the payload of resHashMismatch. Hashes are SRI, or {"algo","base16"} until 3.14.
func (e *event) mismatch() (Mismatch, bool) {
	var payload struct {
		StorePath   string          `json:"storePath"`
		Wanted, Got json.RawMessage // case does not matter
	}
	if json.Unmarshal(e.Payload, &payload) != nil {
		return Mismatch{}, false
	}
	return newMismatch(payload.StorePath, payloadHash(payload.Wanted), payloadHash(payload.Got))
}

func payloadHash(raw json.RawMessage) string {
	var sri string
	if json.Unmarshal(raw, &sri) == nil {
		return sri
	}
	var parts struct{ Algo, Base16 string }
	_ = json.Unmarshal(raw, &parts)
	return parts.Algo + ":" + parts.Base16
}
