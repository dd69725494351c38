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

import (
	"slices"
	"strings"
	"sync"
)

// Mark stands where a secret was.
const Mark = "[redacted]"

// rounds bounds how often arguments are searched. A second search finds something
// only where a removed secret held the quotation marks of the text after it.
const rounds = 8

// Args returns the arguments with every secret replaced by Mark, and how many were.
// Without a secret it returns args itself; otherwise args is unchanged and out is a
// copy of the same length. Redacting twice finds nothing the second time.
func Args(args []string) (out []string, n int) {
	s := scans.Get().(*scan)
	out = args
	for range rounds {
		s.search(out)
		if len(s.edits) == 0 {
			break
		}
		out = replace(out, s.edits)
		n += len(s.edits)
	}
	if s.reset() {
		scans.Put(s)
	}
	return out, n
}

// CommandLine returns the arguments joined by one space, as ECS has it in
// process.command_line. It redacts nothing: give it what Args returned.
func CommandLine(args []string) string { return strings.Join(args, " ") }

// scans keeps the working memory of searches, so that an ordinary command line costs
// no allocation.
var scans = sync.Pool{New: func() any { return new(scan) }}

// keepWords bounds the working memory that the next search inherits, in elements of
// each slice.
const keepWords = 512

// scan is the state of one search, owned by one call of Args.
type scan struct {
	args     []string
	keptFrom int // the arguments from here on belong to a hook

	words  []word  // a stack: the words of each command that is open
	events []event // of the argument being read
	depth  int     // texts that are open

	edits []span // secrets; sorted and apart after search
	kept  []span // parts of a text that belong to a hook
	spare []span // memory for settle
}

// span is a range of bytes of an argument.
type span struct{ arg, from, to int }

// search fills edits with the secrets of an argument vector.
func (s *scan) search(args []string) {
	s.clear()
	s.args, s.keptFrom = args, len(args)
	s.words = slices.Grow(s.words, len(args))
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
	s.settle()
}

func (s *scan) clear() {
	s.words, s.events = s.words[:0], s.events[:0]
	s.edits, s.kept, s.spare = s.edits[:0], s.kept[:0], s.spare[:0]
}

// reset forgets the arguments and reports whether the scan is small enough to keep.
func (s *scan) reset() bool {
	s.args = nil
	s.clear()
	return max(cap(s.words), cap(s.events), cap(s.edits), cap(s.kept), cap(s.spare)) <= keepWords
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
