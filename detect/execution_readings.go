package detect

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"hooksnare/detect/hook"
)

// A value can be read in as many ways as it has blanks, and a user can set many hooks: the
// readings of each share are bounded separately, and the likely ones of every hook come first.
const (
	maxReadings   = 1024 // of one share
	readingSplits = 32   // blanks of a value at which its program may end
	readingPath   = 1024 // bytes of a path; macOS accepts no longer ones
	readingArgs   = 512  // bytes of arguments that are compared
)

// reading is one way to read the value of a hook: a program and its arguments. How
// loginwindow reads a value is not documented, so none is ruled out.
type reading struct {
	hook     int    // its index in the list of hooks
	args     string // what follows the program in the value, each run of blanks as one
	unquoted string // the same as a shell reads it
	common   bool   // a program of macOS, which loginwindow may run for other reasons: arguments decide
	guess    bool   // unlikely: where a process only names the path, the arguments after it decide
	relative bool   // the value names no folder
	missing  bool   // nothing was there when the hook was examined
}

// readingIndex finds the hooks that a process runs by paths and names.
type readingIndex struct {
	hooks  []Hooked
	count  map[Share]int        // readings of each share
	byPath map[string][]reading // by folded, canonical path
	byName map[string][]reading // by the last element of that
	// withBlanks are the parts up to the first blank of the paths in byPath that have one.
	withBlanks map[string]bool
}

// indexReadings indexes hooks, and sorts them: those that only root can have set first.
func indexReadings(hooks []Hooked) *readingIndex {
	rank := func(h Hooked) int {
		if FileShare(h.File, h.Home).Reserved() {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(hooks, func(a, b Hooked) int { return cmp.Compare(rank(a), rank(b)) })
	x := &readingIndex{
		hooks: hooks, count: map[Share]int{},
		byPath: map[string][]reading{}, byName: map[string][]reading{}, withBlanks: map[string]bool{},
	}
	for i := range hooks {
		x.addLikely(i)
	}
	for i := range hooks {
		x.addSplits(i)
	}
	return x
}

// addLikely adds the program that an examination found, and the one that a shell would run.
func (x *readingIndex) addLikely(i int) {
	h := &x.hooks[i]
	rest, ok := strings.CutPrefix(h.Value, h.Program)
	if !ok {
		rest = ""
	}
	x.addReading(reading{hook: i}, h.Program, rest)
	x.addReading(reading{hook: i}, h.Resolved, rest)
	words := wordsOf(firstBytes(h.Value, readingPath+readingArgs)).list
	if len(words) > 0 && words[0] == "exec" {
		words = words[1:]
	}
	if len(words) > 0 {
		x.addReading(reading{hook: i, guess: len(words) > 1 && words[0] != h.Program, unquoted: joinWords(words[1:])}, words[0], "")
	}
}

// addSplits adds every beginning of a value that may be the path of its program.
func (x *readingIndex) addSplits(i int) {
	value := x.hooks[i].Value
	splits := 0
	for n := 1; n < len(value) && n <= readingPath && splits < readingSplits; n++ {
		if isBlank(value[n]) {
			splits++
			x.addReading(reading{hook: i, guess: true}, value[:n], value[n+1:])
		}
	}
	x.addReading(reading{hook: i}, value, "")
}

// addReading adds a reading of a program and the text that follows it in the value.
func (x *readingIndex) addReading(r reading, program, rest string) {
	h := &x.hooks[r.hook]
	share := FileShare(h.File, h.Home)
	if x.count[share] >= maxReadings || strings.Trim(program, blanks) == "" || len(program) > readingPath {
		return
	}
	if rest != "" {
		r.args = firstBytes(oneBlank(firstBytes(rest, 2*readingArgs)), readingArgs)
		r.unquoted = joinWords(wordsOf(firstBytes(rest, readingArgs)).list)
	}
	r.missing = h.Resolved == ""
	if r.relative = program[0] != '/'; r.relative {
		r.guess = r.guess || r.args+r.unquoted != "" || slices.Contains(interpreters, program)
		program = "/" + program // where daemons work
	}
	at := foldPath(hook.CanonicalPath(program))
	if at == "/" {
		return
	}
	r.common = isOfSystem(at)
	if slices.Contains(x.byPath[at], r) {
		return
	}
	x.count[share]++
	x.byPath[at] = append(x.byPath[at], r)
	name := path.Base(at)
	x.byName[name] = append(x.byName[name], r)
	if first, _, blank := strings.Cut(at, " "); blank {
		x.withBlanks[first] = true
	}
}

// begins reports whether the arguments in a value, if there are any, are the first of a
// process. A text as long as is compared at all may go on.
func (r *reading) begins(args string) bool {
	for _, own := range [...]string{r.args, r.unquoted} {
		rest, ok := strings.CutPrefix(args, own)
		if ok && own != "" && (rest == "" || rest[0] == ' ' || len(own) == readingArgs) {
			return true
		}
	}
	return false
}

// systemFolders are those that only macOS itself can write to, but for /usr/local.
var systemFolders = [...]string{"/bin/", "/sbin/", "/usr/", "/system/", "/library/apple/"}

// isOfSystem reports whether a folded path is one of a program of macOS.
func isOfSystem(path string) bool {
	in := func(folder string) bool { return strings.HasPrefix(path, folder) }
	return slices.ContainsFunc(systemFolders[:], in) && !in("/usr/local/")
}
