package config

import (
	"fmt"

	"hooksnare/pkg/clip"
)

// Faults takes joined errors apart. One that wraps others in words of its own stays whole.
func Faults(err error) []error {
	if err == nil {
		return nil
	}
	list, joined := err.(interface{ Unwrap() []error })
	if !joined {
		return []error{err}
	}
	var out []error
	for _, e := range list.Unwrap() {
		out = append(out, Faults(e)...)
	}
	return out
}

// Summary is an error as the detail of a condition: the first of all that is wrong, and how many
// there are.
func Summary(err error) string {
	list := Faults(err)
	if len(list) == 1 {
		return list[0].Error()
	}
	return fmt.Sprintf("%s (and %d more: run hooksnare check)", clip.Text(list[0].Error(), clip.WordBytes), len(list)-1)
}
