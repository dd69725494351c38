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
	runBytes    = 128 << 10 // of its arguments, and again of the commands within them
	runDepth    = 3         // commands within commands
	runCompares = 64 << 10  // readings whose arguments are compared
	pathBlanks  = 16        // blanks of a path
)

// programSearch looks for the programs of hooks in one process.
type programSearch struct {
	index    *readingIndex
	process  *event.Process
	folder   string // that relative paths start from
	ran      []bool // by hook
	bytes    int    // left to look at
	compares int    // left to make
}

// search reports for each hook of the index whether a process runs its program: itself, as a
// script, or by way of a program that is given its path.
func (x *readingIndex) search(p *event.Process) []bool {
	s := &programSearch{
		index: x, process: p, folder: p.Exec.WorkingDirectory, ran: make([]bool, len(x.hooks)), bytes: runBytes, compares: runCompares,
	}
	s.searchImage()
	s.searchName()
	s.searchWords(p.Exec.Args)
	if len(x.withBlanks) > 0 { // such a path may be divided among arguments in any way
		s.searchWords(wordsOf(firstBytes(strings.Join(p.Exec.Args, " "), runBytes)).list)
	}
	for _, arg := range p.Exec.Args {
		s.searchCommand(arg, 1)
	}
	return s.ran
}

// searchImage looks at what the kernel reports that is run.
func (s *programSearch) searchImage() {
	x := s.process.Exec
	args := x.Args[min(1, len(x.Args)):]
	// Alone in a value a program is run without arguments, or with the name of who logs in.
	alone := len(args) == 0 || len(args) == 1 && !strings.HasPrefix(args[0], "-") && !strings.ContainsAny(args[0], "/ ")
	for _, at := range [...]string{s.process.Image.Executable, x.DyldPath} {
		key := s.key(at)
		s.noteProgram(key, args)
		for _, r := range s.index.byPath[key] {
			s.ran[r.hook] = s.ran[r.hook] || !r.common || alone && r.args+r.unquoted == ""
		}
	}
	for _, r := range s.index.byPath[s.key(x.Script)] {
		s.ran[r.hook] = s.ran[r.hook] || !r.common || r.args+r.unquoted == ""
	}
}

// searchName looks at argv[0] where that is a name alone, a path's last element: the image is
// where a link led to, and has another name or one that nobody knew of. A shell's name says
// nothing: macOS runs one by the name of another. A value that names no folder is found by the
// image's name, too.
func (s *programSearch) searchName() {
	args := s.process.Exec.Args
	if len(args) == 0 {
		return
	}
	image := foldPath(s.process.Image.Executable)
	system, imageName := isOfSystem(image), path.Base(image)
	name := ""
	if len(args[0]) <= readingPath && !strings.Contains(args[0], "/") {
		name = foldPath(strings.TrimPrefix(args[0], "-")) // as login(1) marks a shell
	}
	for _, r := range s.index.byName[name] {
		isOther := name == imageName && (system || !r.missing)
		if !r.common && !r.guess && !isOther && !slices.Contains(interpreters, name) {
			s.ran[r.hook] = true
		}
	}
	for _, n := range [...]string{name, imageName} {
		for _, r := range s.index.byName[n] {
			if r.relative && (!system || r.begins(joinArgs(args[1:]))) {
				s.ran[r.hook] = true
			}
		}
	}
}

// searchWords looks at words of which each may be a program, or the first part of a path with
// blanks, and those after it its arguments.
func (s *programSearch) searchWords(words []string) {
	folder, left := s.folder, runBytes
	for k, w := range words {
		if left -= len(w) + 1; left < 0 {
			break
		}
		at := s.key(w)
		s.noteProgram(at, words[k+1:])
		if first, _, _ := strings.Cut(at, " "); s.index.withBlanks[first] {
			for n := k + 1; n < min(len(words), k+pathBlanks) && len(w) <= readingPath && left > 0; n++ {
				w += " " + words[n]
				left -= len(w)
				s.noteProgram(s.key(w), words[n+1:])
			}
		}
		if k > 0 && words[k-1] == "cd" {
			if to := s.absolute(words[k]); to != "" && len(to) <= readingPath {
				s.folder = to
			}
		}
	}
	s.folder = folder
}

// searchCommand looks at a text that may be a command, as sh -c and its like take one.
func (s *programSearch) searchCommand(text string, depth int) {
	text = firstBytes(text, s.bytes)
	if depth > runDepth || !strings.ContainsAny(text, commandBytes) {
		return
	}
	s.bytes -= len(text)
	w := wordsOf(text)
	s.searchWords(w.list)
	for _, q := range w.quoted {
		s.noteProgram(s.key(q), nil)
	}
	for _, word := range w.list {
		if len(word) < len(text) {
			s.searchCommand(word, depth+1)
		}
	}
}

// noteProgram notes the hooks that are run where a program is named and arguments follow.
func (s *programSearch) noteProgram(key string, args []string) {
	readings := s.index.byPath[key]
	if len(readings) == 0 || s.compares <= 0 {
		return
	}
	s.compares -= len(readings)
	following := joinArgs(args)
	for i := range readings {
		r := &readings[i]
		s.ran[r.hook] = s.ran[r.hook] || !r.common && !r.guess || r.begins(following)
	}
}

// key returns the key under which the index has the path that a word names, "" for none.
func (s *programSearch) key(word string) string {
	if word == "" || len(word) > 2*readingPath {
		return ""
	}
	return foldPath(hook.CanonicalPath(s.absolute(word)))
}

// absolute returns the path from the root that a word is, "" if that is not known.
func (s *programSearch) absolute(word string) string {
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

// joinArgs returns arguments as one text, as much of it as is compared.
func joinArgs(args []string) string {
	var b strings.Builder
	for _, arg := range args {
		if b.Len() > 2*readingArgs {
			break
		}
		b.WriteString(firstBytes(arg, 2*readingArgs))
		b.WriteByte(' ')
	}
	return oneBlank(firstBytes(b.String(), 2*readingArgs))
}
