package spool

import (
	"fmt"
	"regexp"
	"strings"

	"hooksnare/pkg/quote"
)

// Output is a place alerts go to.
type Output struct {
	Name        string // letters, digits, '.', '_', '-'; unique, whatever the case
	MinSeverity int    // the least severe alert it gets
}

// MaxOutputs is how many outputs a spool can have: of the 64 bits of a mask the rest is for
// outputs of earlier configurations.
const MaxOutputs = 32

var validName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// CheckName reports why an output can't have a name, which becomes the name of a folder.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return fmt.Errorf("expected a name of at most 128 letters, digits, '.', '_' and '-', found %s", quote.Bounded(name, 80))
	}
	return nil
}

// SameName reports whether two names stand for the same folder: case does not tell two
// files of a Mac apart.
func SameName(a, b string) bool { return strings.EqualFold(a, b) }

// CheckOutputs reports why a spool can't have outputs: there are too many, or a name can't be
// used or stands for the folder of another.
func CheckOutputs(outputs []Output) error {
	if len(outputs) > MaxOutputs {
		return fmt.Errorf("%d outputs: more than the %d a spool has", len(outputs), MaxOutputs)
	}
	for i, out := range outputs {
		if err := CheckName(out.Name); err != nil {
			return fmt.Errorf("output %d: %w", i+1, err)
		}
		for _, other := range outputs[:i] {
			if SameName(out.Name, other.Name) {
				return fmt.Errorf("output %q: there is one of that name", out.Name)
			}
		}
	}
	return nil
}
