// Package redact removes passwords, tokens and other secrets from argument vectors
// before they become evidence. What an investigation needs stays: a command that
// sets a login or logout hook keeps its key, its value and the path of its
// preferences, whatever they look like.
//
// A secret is recognised by its shape, by the word in front of it, or because it
// flows into a program that reads a password. Shell text is split into words,
// commands and pipes; it is not interpreted. The package prefers to remove too much
// of another program's argument. It proves nothing: a secret that looks like any
// other word and follows no known word stays. Time and memory are linear in the size
// of the arguments, and redaction makes them at most six times as long.
package redact

import "strings"

// Mark stands where a secret was.
const Mark = "[redacted]"

// rounds bounds how often arguments are searched. A second search finds something
// only where a removed secret held the quotation marks of the text after it.
const rounds = 8

// Args returns the arguments with every secret replaced by Mark, and how many were.
// Without a secret it returns args itself; otherwise args is unchanged and out is a
// copy of the same length. Redacting twice finds nothing the second time.
func Args(args []string) (out []string, n int) {
	out = args
	for range rounds {
		edits := findSecrets(out)
		if len(edits) == 0 {
			break
		}
		out = replace(out, edits)
		n += len(edits)
	}
	return out, n
}

// CommandLine returns the arguments joined by one space, as ECS has it in
// process.command_line. It redacts nothing: give it what Args returned.
func CommandLine(args []string) string { return strings.Join(args, " ") }

// scan is the state of one search.
type scan struct {
	args     []string
	keptFrom int // the arguments from here on belong to a hook

	words  []word  // a stack: the words of each command that is open
	events []event // of the argument being read
	depth  int     // texts that are open

	edits []span // secrets
	kept  []span // parts of a text that belong to a hook
}

// span is a range of bytes of an argument.
type span struct{ arg, from, to int }

// findSecrets returns the secrets of an argument vector, sorted and apart.
func findSecrets(args []string) []span {
	s := &scan{args: args, keptFrom: len(args)}
	for i, a := range args {
		s.words = append(s.words, word{span: span{i, 0, len(a)}, kind: argument})
	}
	s.command(s.words, true)
	s.followEvents()
	for i := range args[:s.keptFrom] {
		live := s.script(i)
		s.pairs(i, live)
		s.shapes(i, live)
	}
	return s.settle()
}

// script reports whether an argument is shell text rather than plain data, so that
// $NAME in it is a variable and a blank ends a value.
func (s *scan) script(arg int) bool {
	if arg > 0 && runsCode(s.args[arg-1]) {
		return true
	}
	text := s.args[arg]
	return strings.ContainsAny(text, " \t") && strings.ContainsAny(text, ";|\n") || containsHook(text)
}

// runsCode reports whether an option is one that shell text follows: -c, also after
// other letters.
func runsCode(option string) bool {
	n := len(option)
	return n > 1 && n <= 8 && option[0] == '-' && option[1] != '-' && option[n-1] == 'c' && isLetters(option[1:])
}
