package nixexpr

import (
	"math/big"
	"strconv"
	"strings"
)

// fitsInt reports whether decimal digits make a 64-bit integer. There are no negative
// literals: -9223372036854775808 is the negation of an integer that is too large.
func fitsInt(digits string) bool {
	_, err := strconv.ParseInt(digits, 10, 64)
	return err == nil
}

// smallestNormal is the smallest positive float64 with all of its bits.
const smallestNormal = 2.2250738585072014e-308

// fitsFloat reports whether C's strtod takes the literal without ERANGE, as Nix demands: no
// overflow, and no underflow, which is a result below the normal numbers that is not exact.
func fitsFloat(text string) bool {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return false
	}
	if value >= smallestNormal {
		return true
	}
	mantissa, _, _ := strings.Cut(strings.ToLower(text), "e")
	digits := strings.Trim(strings.Replace(mantissa, ".", "", 1), "0")
	if digits == "" {
		return true
	}
	const most = 1100 // no float64 has as many decimal digits
	if value == 0 || len(digits) > most {
		return false
	}
	exact, ok := new(big.Rat).SetString(text)
	return ok && exact.Cmp(new(big.Rat).SetFloat64(value)) == 0
}

// clip shortens a text for a message.
func clip(text string) string {
	const most = 40
	if len(text) <= most {
		return text
	}
	return text[:most] + "…"
}

// unescape decodes the text of a string in double quotes: \n, \r and \t, any other escaped
// byte for itself, and CR and CR LF, when not escaped, as a line feed.
func unescape(raw string) string {
	if !strings.ContainsAny(raw, "\\\r") {
		return raw
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c == '\\' && i+1 < len(raw):
			i++
			c = escaped(raw[i])
		case c == '\r':
			c = '\n'
			if i+1 < len(raw) && raw[i+1] == '\n' {
				i++
			}
		}
		out = append(out, c)
	}
	return string(out)
}

// escaped is the byte that a backslash and c stand for.
func escaped(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}
