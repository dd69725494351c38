// Package redact takes passwords, tokens and other secrets out of argument vectors
// before they become evidence. What an investigation needs stays: the value of a
// login or logout hook is never touched, nor are paths, option names, key names and
// the rest of a shell line around a secret.
//
// It reads arguments as the shells, AppleScript and the tools in its tables read
// them, as far as that tells a secret from other words. It is no proof: a secret
// that looks like any other word and follows no known option stays. Time and memory
// are linear in the size of the arguments, whatever they hold.
package redact

import (
	"slices"
	"strings"
	"sync"
)

// Mark stands where a secret was.
const Mark = "[redacted]"

// rounds bounds how often arguments are looked at. A second look finds something only
// in text that means different things in two languages, a third one hardly ever.
const rounds = 8

// Args returns the arguments with every secret replaced by Mark, and how many were.
// Without a secret it returns args itself; otherwise args is unchanged and out is a
// copy of the same length. Redacting twice finds nothing the second time.
func Args(args []string) (out []string, n int) {
	s := scans.Get().(*scan)
	out = args
	for range rounds {
		s.argv(out)
		if len(s.edits) == 0 {
			break
		}
		var found int
		out, found = apply(out, s.edits)
		n += found
		s.restart()
	}
	if s.reset() {
		scans.Put(s)
	}
	return out, n
}

// CommandLine returns the arguments joined by one space, as ECS has it in
// process.command_line. It redacts nothing: give it what Args returned.
func CommandLine(args []string) string { return strings.Join(args, " ") }

// scans keeps the working memory of scans, so that an ordinary command line costs
// no allocation.
var scans = sync.Pool{New: func() any { return new(scan) }}

// keepWords bounds what a scan may carry over to the next one, in words or the like.
const keepWords = 256

// scan is the state of one look at one argument vector. Scripts nest in arguments,
// and words in scripts: the slices are stacks that the levels share.
type scan struct {
	words    []word
	commands []command
	feeds    []feed
	stages   []stage
	levels   []level
	pieces   []piece
	subs     []span
	bytes    []byte

	layers [maxDepth + 1]layer // how the text at each depth lies in the one above
	depth  int
	arg    int // the argument that the layers lie in
	budget int // bytes that may still be read

	edits []edit
	first bool // the next edit starts a secret
	asks  bool // a command that was read wants a password on its standard input
}

// argv looks at a whole argument vector.
func (s *scan) argv(args []string) {
	size := 0
	s.words = slices.Grow(s.words, len(args))
	for i, a := range args {
		size += len(a)
		s.words = append(s.words, word{text: a, arg: i})
	}
	s.budget = readings * size
	s.command(s.words, true)
}

// reset forgets all arguments and reports whether the scan is small enough to keep.
func (s *scan) reset() bool {
	if max(cap(s.words), cap(s.commands), cap(s.feeds), cap(s.stages), cap(s.levels), cap(s.pieces), cap(s.subs),
		cap(s.bytes)/64, cap(s.edits)) > keepWords {
		return false
	}
	clear(s.words[:cap(s.words)])
	clear(s.feeds[:cap(s.feeds)])
	clear(s.layers[:])
	s.restart()
	return true
}

// restart makes the scan ready for other arguments.
func (s *scan) restart() {
	s.words, s.commands, s.feeds, s.stages = s.words[:0], s.commands[:0], s.feeds[:0], s.stages[:0]
	s.levels, s.pieces, s.subs, s.bytes, s.edits = s.levels[:0], s.pieces[:0], s.subs[:0], s.bytes[:0], s.edits[:0]
	s.depth, s.arg, s.budget, s.first, s.asks = 0, 0, 0, false, false
}
