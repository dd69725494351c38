package config

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

func TestFaults(t *testing.T) {
	a, b, c := errors.New("a"), errors.New("b"), errors.New("c")
	tests := []struct {
		err  error
		want []string
		line string
	}{
		{a, []string{"a"}, "a"},
		{errors.Join(a, errors.Join(b, nil, c)), []string{"a", "b", "c"}, "a (and 2 more: run hooksnare check)"},
		{fmt.Errorf("file: %w", errors.Join(a, b)), []string{"file: a\nb"}, "file: a\nb"},
		{errors.Join(a), []string{"a"}, "a"},
	}
	for _, tt := range tests {
		var got []string
		for _, err := range Faults(tt.err) {
			got = append(got, err.Error())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %q, want %q", tt.err, got, tt.want)
		}
		if got := Summary(tt.err); got != tt.line {
			t.Errorf("%q: got %q in one line, want %q", tt.err, got, tt.line)
		}
	}
	if got, line := Faults(nil), Summary(nil); got != nil || line != "" {
		t.Errorf("no error: got %q and %q, want none", got, line)
	}
}
