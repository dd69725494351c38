package main

import (
	"strings"
	"testing"
)

// TestExamples holds that every example in a help text names a verb, flags and arguments that there
// are. What an example would do is not done.
func TestExamples(t *testing.T) {
	var check func(path []string)
	check = func(path []string) {
		cmd, _, err := newRoot().Find(path)
		if err != nil {
			t.Fatalf("%q: %v", path, err)
		}
		if cmd.Example == "" {
			t.Errorf("%q: got no example", path)
		}
		for line := range strings.Lines(cmd.Example) {
			checkExample(t, line)
		}
		for _, c := range cmd.Commands() {
			check(append(path[:len(path):len(path)], c.Name()))
		}
	}
	check(nil)
}

// checkExample checks those parts of a pipe that run hooksnare.
func checkExample(t *testing.T, line string) {
	t.Helper()
	line, _, _ = strings.Cut(strings.TrimRight(line, "\n"), "   ") // an explanation follows
	for part := range strings.SplitSeq(strings.TrimSpace(line), " | ") {
		part, _, _ = strings.Cut(part, ">")
		args, found := strings.CutPrefix(strings.TrimPrefix(strings.TrimSpace(part), "sudo "), "hooksnare ")
		if !found {
			continue
		}
		cmd, rest, err := newRoot().Find(splitWords(args))
		if err == nil {
			err = cmd.ParseFlags(rest)
		}
		if err == nil {
			err = cmd.ValidateArgs(cmd.Flags().Args())
		}
		if err == nil {
			err = cmd.ValidateRequiredFlags()
		}
		if err != nil || !cmd.Runnable() {
			t.Errorf("%s: got %v from %q, want an example that runs", part, err, cmd.CommandPath())
		}
	}
}

// splitWords splits a command line at spaces outside quotes.
func splitWords(line string) (words []string) {
	quoted := rune(0)
	split := strings.FieldsFunc(line, func(r rune) bool {
		switch {
		case quoted == 0 && (r == '"' || r == '\''):
			quoted = r
		case r == quoted:
			quoted = 0
		}
		return quoted == 0 && r == ' '
	})
	for _, word := range split {
		words = append(words, strings.NewReplacer(`"`, "", `'`, "").Replace(word))
	}
	return words
}
