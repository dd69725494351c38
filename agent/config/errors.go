package config

import (
	"fmt"
	"strconv"
	"strings"

	"hooksnare/pkg/clip"
	"hooksnare/pkg/quote"
)

// Error is one thing wrong with the configuration.
type Error struct {
	File string // a path, "environment", "command line" or "defaults"
	Line int    // from 1; 0 where the file has no lines
	Key  string // as written there, with the way to it: "Outputs[1].URL"; "" for the file as a whole
	Why  string
}

// Error returns FILE[:LINE]: [KEY:] WHY.
func (e *Error) Error() string {
	at := e.File
	if e.Line > 0 {
		at += ":" + strconv.Itoa(e.Line)
	}
	if e.Key != "" {
		at += ": " + e.Key
	}
	return at + ": " + e.Why
}

// Faults takes joined errors apart. One that wraps others in words of its own stays whole.
func Faults(err error) []error {
	if err == nil {
		return nil
	}
	list, joined := err.(interface{ Unwrap() []error })
	if !joined {
		return []error{err}
	}
	var all []error
	for _, e := range list.Unwrap() {
		all = append(all, Faults(e)...)
	}
	return all
}

// Summary is an error as the detail of a condition: the first fault, and how many more there
// are; "" for no error.
func Summary(err error) string {
	list := Faults(err)
	switch len(list) {
	case 0:
		return ""
	case 1:
		return list[0].Error()
	}
	return fmt.Sprintf("%s (and %d more: run hooksnare check)", clip.Text(list[0].Error(), clip.WordBytes), len(list)-1)
}

// unknown is the reason of an error about a name that is not one of the known. It is a
// Stringer, so that only errors that are kept pay for the suggestion.
type unknown struct {
	what, name string
	known      []string
}

func (u unknown) String() string {
	why := "unknown " + u.what + " " + quote.Bounded(u.name, maxQuoted)
	if near := nearestName(u.name, u.known); near != "" {
		why += " (did you mean " + near + "?)"
	}
	return why
}

// nearestName returns the known name that the given one was most likely meant to be, "" when none
// is near.
func nearestName(name string, known []string) string {
	const longest = 64 // no known name comes near it; keeps the work small
	if len(name) > longest {
		return ""
	}
	best, limit := "", len(name)/4+2
	for _, k := range known {
		if d := editDistance(strings.ToLower(name), strings.ToLower(k)); d < limit {
			best, limit = k, d
		}
	}
	return best
}

// editDistance counts the letters to insert, delete or replace to turn a into b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			step := diagonal
			if a[i] != b[j] {
				step++
			}
			diagonal = row[j+1]
			row[j+1] = min(step, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
