package detect

import (
	"path"
	"slices"
	"strings"

	"hooksnare/detect/hook"
	"hooksnare/pkg/event"
)

// Bounds of what is looked at of one process.
const (
	runBytes   = 128 << 10 // of its arguments, those within arguments counted again
	runDepth   = 3         // commands within commands
	runPhrases = 4096      // paths that are tried because one has blanks
	runAgain   = 64        // places at which a path stands that stood elsewhere before
	pathBlanks = 16        // blanks of such a path
)

// search looks for the programs of hooks in one process.
type search struct {
	index   *programIndex
	process *event.Process
	folder  string // the working directory
	found   []bool // by the index's hooks
	bytes   int    // left to look at
	phrases int    // left to try
	again   int    // left to compare
	noted   map[*reading]bool
}

// run tells for each hook of the index whether a process runs its program: itself, as a
// script, or by way of a program that is given its path.
func (x *programIndex) run(p *event.Process) []bool {
	s := &search{
		index: x, process: p, folder: p.Exec.WorkingDirectory, found: make([]bool, len(x.hooks)),
		bytes: runBytes, phrases: runPhrases, again: runAgain, noted: map[*reading]bool{},
	}
	s.image()
	s.arguments()
	return s.found
}

// image looks at what the kernel says that is run.
func (s *search) image() {
	x := s.process.Exec
	var args []string
	if len(x.Args) > 0 {
		args = x.Args[1:]
	}
	bare := isBare(args)
	for _, at := range [...]string{s.process.Image.Executable, x.DyldPath} {
		readings := s.at(at)
		s.note(readings, args)
		for _, r := range readings {
			s.found[r.hook] = s.found[r.hook] || !r.common || bare && r.args == ""
		}
	}
	for _, r := range s.at(x.Script) {
		s.found[r.hook] = s.found[r.hook] || !r.common || r.args == ""
	}
	if len(x.Args) > 0 {
		s.name(x.Args[0], args)
	}
}

// isBare reports whether arguments are those of a program that stands alone in a value: none,
// or the name of who logs in.
func isBare(args []string) bool {
	return len(args) == 0 || len(args) == 1 && !strings.HasPrefix(args[0], "-") && !strings.ContainsAny(args[0], "/ ")
}

// name looks at argv[0] where that is a name alone, a path's last element: the image is
// where a link led to, and has another name or one that nobody knew of. A shell's name says
// nothing: macOS runs one by the name of another.
func (s *search) name(argv0 string, args []string) {
	if len(argv0) > readingPath || strings.IndexByte(argv0, '/') >= 0 {
		argv0 = ""
	}
	image, name := foldPath(s.process.Image.Executable), foldPath(strings.TrimPrefix(argv0, "-")) // as login(1) marks a shell
	explained := name == path.Base(image)
	for _, r := range s.index.byName[name] {
		if r.common || r.guess || slices.Contains(usual, name) || explained && (isOfSystem(image) || !r.missing) {
			continue
		}
		s.found[r.hook] = true
	}
	s.relative(s.index.byName[name], image, args)
	s.relative(s.index.byName[path.Base(image)], image, args)
}

// relative takes down hooks whose values name no folder, of those that have the name of
// what is run.
func (s *search) relative(readings []reading, image string, args []string) {
	for i := range readings {
		if r := &readings[i]; r.relative && (!isOfSystem(image) || r.begins(oneBlank(following(args)))) {
			s.found[r.hook] = true
		}
	}
}

// arguments looks for paths among the arguments, and in the commands that they hold.
func (s *search) arguments() {
	args := s.process.Exec.Args
	s.words(args)
	if len(s.index.withBlanks) > 0 {
		s.split(args)
	}
	for _, arg := range args {
		s.command(arg, 1)
	}
}

// words looks at words of which each may be a program, and those after it its arguments.
func (s *search) words(words []string) {
	folder, left := s.folder, s.bytes
	for k, w := range words {
		if left -= len(w) + 1; left < 0 {
			break
		}
		s.note(s.at(w), words[k+1:])
		if k > 0 && words[k-1] == "cd" {
			if to := s.absolute(w); to != "" {
				s.folder = to
			}
		}
	}
	s.folder = folder
}

// command looks at an argument that may be a command, as sh -c and its like take one.
func (s *search) command(text string, depth int) {
	if depth > runDepth || s.bytes <= 0 || !strings.ContainsAny(firstBytes(text, s.bytes), commandBytes) {
		return
	}
	text = firstBytes(text, s.bytes)
	s.bytes -= len(text)
	w := wordsOf(text)
	s.words(w.list)
	for _, q := range w.quoted {
		s.note(s.at(q), nil)
	}
	if len(s.index.withBlanks) > 0 {
		s.phrase(text)
	}
	for _, word := range w.list {
		if len(word) < len(text) {
			s.command(word, depth+1)
		}
	}
}

// split looks for a path with blanks that became several arguments.
func (s *search) split(args []string) {
	var b strings.Builder
	for _, arg := range args {
		if b.Len() > runBytes/4 {
			break
		}
		b.WriteString(firstBytes(arg, runBytes/4))
		b.WriteByte(' ')
	}
	s.phrase(b.String())
}

// phrase looks for paths with blanks in a text: from the start of a word to the end of one
// of those after it.
func (s *search) phrase(text string) {
	for i := 0; i < len(text); i++ {
		if i > 0 && !endsWord(text[i-1]) || endsWord(text[i]) {
			continue
		}
		end := i + wordEnd(text[i:])
		if end == len(text) || !s.index.withBlanks[s.key(text[i:end])] {
			continue
		}
		for n := 0; n < pathBlanks && end < len(text) && end-i <= readingPath && s.phrases > 0; n++ {
			s.phrases--
			end += 1 + wordEnd(text[end+1:])
			s.noteText(s.at(text[i:end]), text[end:])
		}
	}
}

// at returns the readings whose program is what a word names.
func (s *search) at(word string) []reading {
	if word == "" || len(word) > 2*readingPath {
		return nil
	}
	return s.index.byPath[s.key(word)]
}

func (s *search) key(word string) string { return foldPath(hook.CanonicalPath(s.absolute(word))) }

// absolute returns the path from the root that a word is, "" if that is not known.
func (s *search) absolute(word string) string {
	switch {
	case strings.HasPrefix(word, "/"):
		return word
	case strings.HasPrefix(word, "~/") && s.process.Token.EUID == 0:
		return rootHome + word[1:]
	case strings.HasPrefix(s.folder, "/"):
		return s.folder + "/" + word
	}
	return ""
}

// note takes down which hooks are run where a program is named and arguments follow.
func (s *search) note(readings []reading, args []string) {
	if len(readings) == 0 {
		return
	}
	s.noteText(readings, following(args))
}

// noteText is note for arguments that are one text.
func (s *search) noteText(readings []reading, args string) {
	if len(readings) == 0 {
		return
	}
	if first := &readings[0]; !s.noted[first] {
		s.noted[first] = true
	} else if s.again--; s.again < 0 {
		return
	}
	args = oneBlank(firstBytes(args, 2*readingArgs))
	for i := range readings {
		r := &readings[i]
		s.found[r.hook] = s.found[r.hook] || !r.common && !r.guess || r.begins(args)
	}
}

// following returns arguments as one text, as much of it as is compared.
func following(args []string) string {
	var b strings.Builder
	for _, arg := range args {
		if b.Len() > 2*readingArgs {
			break
		}
		b.WriteString(firstBytes(arg, 2*readingArgs))
		b.WriteByte(' ')
	}
	return b.String()
}

// begins reports whether the arguments in a value, if there are any, are the first of a
// process. What is as long as is compared at all may go on.
func (r *reading) begins(args string) bool {
	for _, own := range [...]string{r.args, r.unquoted} {
		rest, ok := strings.CutPrefix(args, own)
		if ok && own != "" && (rest == "" || rest[0] == ' ' || len(own) == readingArgs) {
			return true
		}
	}
	return false
}
