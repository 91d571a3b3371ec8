// Package diag holds what every stage needs to talk to people: what may be shown of text that others
// wrote, and what must never be shown.
package diag
