package detect

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"hooksnare/detect/hook"
)

// Bounds of what is looked for. A value can be read in as many ways as it has blanks, and a
// user can set many hooks: the readings of each home are bounded by themselves, those of
// all that is not in a home together, and of each hook the likely ones come first.
const (
	maxReadings   = 1024
	readingSplits = 32   // blanks of a value at which its program may end
	readingPath   = 1024 // bytes of a path; macOS takes no longer ones
	readingArgs   = 512  // bytes of arguments that are compared
)

// reading is one way to read the value of a hook: a program and its arguments. How
// loginwindow reads a value is not documented, so none is ruled out.
type reading struct {
	hook     int
	args     string // what follows the program in the value, blanks made one
	unquoted string // the same as a shell has it
	common   bool   // a program of macOS, which loginwindow may run for other reasons: arguments decide
	guess    bool   // an unlikely one: where the path is no more than an argument, those after it decide
	relative bool   // the value names no folder
	missing  bool   // nothing was there when the hook was looked at
}

// programIndex finds the hooks that a process runs by paths and names.
type programIndex struct {
	hooks    []Hooked
	readings map[string]int       // by home folder
	byPath   map[string][]reading // by folded, canonical path
	byName   map[string][]reading // by folded last element
	// withBlanks are the parts up to the first blank of the paths in byPath that have one.
	withBlanks map[string]bool
}

// newProgramIndex makes the index of a list, which it sorts.
func newProgramIndex(list []Hooked) *programIndex {
	x := &programIndex{
		hooks: list, readings: map[string]int{},
		byPath: map[string][]reading{}, byName: map[string][]reading{}, withBlanks: map[string]bool{},
	}
	slices.SortStableFunc(x.hooks, func(a, b Hooked) int { return cmp.Compare(reach(a.Scope), reach(b.Scope)) })
	for i := range x.hooks {
		x.addLikely(i)
	}
	for i := range x.hooks {
		x.addSplits(i)
	}
	return x
}

// reach orders scopes by who may set a hook in them.
func reach(scope string) int {
	switch hook.Scope(scope) {
	case hook.Root, hook.System, hook.Managed:
		return 0
	}
	return 1
}

// shareOf returns whose readings those of a hook are: a home folder, "" for the superuser
// and the computer.
func shareOf(h *Hooked) string {
	switch {
	case reach(h.Scope) == 0:
		return ""
	case h.Home != "":
		return h.Home
	}
	home, _, _ := strings.Cut(h.File, "/Library/")
	return home
}

// addLikely adds what an examination found a hook's program to be, and what a shell would
// take for it.
func (x *programIndex) addLikely(i int) {
	if x.full(i) {
		return
	}
	h := &x.hooks[i]
	rest, ok := strings.CutPrefix(h.Value, h.Program)
	if !ok {
		rest = ""
	}
	x.add(reading{hook: i}, h.Program, rest, unquoted(rest))
	x.add(reading{hook: i}, h.Resolved, rest, unquoted(rest))
	words := wordsOf(firstBytes(h.Value, readingPath+readingArgs)).list
	if len(words) > 0 && words[0] == "exec" {
		words = words[1:]
	}
	if len(words) > 0 {
		rest := joined(words[1:])
		x.add(reading{hook: i, guess: rest != "" && words[0] != h.Program}, words[0], rest, rest)
	}
}

// addSplits adds every beginning of a value that may be the path of its program.
func (x *programIndex) addSplits(i int) {
	value := x.hooks[i].Value
	splits := 0
	for n := 1; n < len(value) && n <= readingPath && splits < readingSplits && !x.full(i); n++ {
		if isBlank(value[n]) {
			splits++
			rest := value[n+1:]
			x.add(reading{hook: i, guess: true}, value[:n], rest, unquoted(rest))
		}
	}
	x.add(reading{hook: i}, value, "", "")
}

// add adds a reading by its program and its arguments, as the value and as a shell has them.
func (x *programIndex) add(r reading, program, args, unquoted string) {
	h := &x.hooks[r.hook]
	if x.full(r.hook) || strings.Trim(program, blanks) == "" || len(program) > readingPath {
		return
	}
	r.args, r.unquoted = firstBytes(oneBlank(firstBytes(args, 2*readingArgs)), readingArgs), firstBytes(oneBlank(unquoted), readingArgs)
	r.missing = h.Resolved == ""
	if r.relative = program[0] != '/'; r.relative {
		r.guess = r.guess || r.args != "" || slices.Contains(usual, program)
		program = "/" + program // where daemons work
	}
	at := hook.CanonicalPath(program)
	if at == "/" {
		return
	}
	key := foldPath(at)
	r.common = isOfSystem(key)
	if slices.Contains(x.byPath[key], r) {
		return
	}
	x.readings[shareOf(h)]++
	x.byPath[key] = append(x.byPath[key], r)
	name := path.Base(key)
	x.byName[name] = append(x.byName[name], r)
	if n := strings.IndexByte(key, ' '); n > 0 {
		x.withBlanks[key[:n]] = true
	}
}

// full reports whether the home of a hook has no reading left.
func (x *programIndex) full(i int) bool { return x.readings[shareOf(&x.hooks[i])] >= maxReadings }

// systemFolders are those that only macOS itself can write to.
var systemFolders = [...]string{"/bin/", "/sbin/", "/usr/", "/system/", "/library/apple/"}

// isOfSystem reports whether a folded path is one of a program of macOS.
func isOfSystem(key string) bool {
	if strings.HasPrefix(key, "/usr/local/") {
		return false
	}
	for _, folder := range systemFolders {
		if strings.HasPrefix(key, folder) {
			return true
		}
	}
	return false
}

// unquoted returns arguments as a shell has them.
func unquoted(args string) string { return joined(wordsOf(firstBytes(args, readingArgs)).list) }

// firstBytes returns the first n bytes of a text.
func firstBytes(s string, n int) string { return s[:min(len(s), n)] }
