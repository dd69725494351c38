package alert

import (
	"fmt"
	"strings"

	"hooksnare/pkg/quote"
)

// Rows is a list of facts for people: a name and a value on each line. Text from outside is
// escaped in it.
type Rows struct {
	Indent string // in front of each row
	Width  int    // of the column of names, in characters
	text   strings.Builder
}

// Add adds a row, unless the value is empty.
func (r *Rows) Add(name, value string) {
	if value != "" {
		fmt.Fprintf(&r.text, "%s%-*s %s\n", r.Indent, r.Width, name, quote.Printable(value))
	}
}

// AddList adds a row for each value. Only the first has the name.
func (r *Rows) AddList(name string, values []string) {
	for _, value := range values {
		if r.Add(name, value); value != "" {
			name = "·"
		}
	}
}

// String returns all rows.
func (r *Rows) String() string { return r.text.String() }
