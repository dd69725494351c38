package program

import (
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"

	"hooksnare/pkg/event"
	"hooksnare/pkg/safefile"
)

// Bounds of the parts of one program, beside how many of them its owner's share has.
const (
	maxPart      = 256 << 10 // bytes of a part that are hashed
	maxText      = 32 << 10  // of a script that is searched for names
	maxNesting   = 3         // of quotes: sh -c 'sh -c "..."'
	maxUnwatched = 8         // that are named of what is not watched
	maxMentions  = 1024      // paths that are taken out of one text
)

// mention is an absolute path in a command line or a script. Where a pattern or a variable
// follows, it is the folder in front of that.
type mention struct {
	path string
	open bool
}

// mentionsIn returns the absolute paths in a text, by the quoting of shells. Comments have none.
func mentionsIn(text string, nesting int) []mention {
	var out []mention
	var word []byte
	var quote byte
	quoted := false
	flush := func() {
		if w := string(word); quoted && nesting < maxNesting && strings.ContainsAny(w, " \n;") && !strings.HasPrefix(w, "/") {
			out = append(out, mentionsIn(w, nesting+1)...)
		} else if m, ok := mentionOf(w); ok {
			out = append(out, m)
		}
		word, quoted = word[:0], false
	}
	for i := 0; i < len(text) && len(out) < maxMentions; i++ {
		c := text[i]
		switch {
		case c == '\\' && quote != '\'' && i+1 < len(text):
			i++
			word = append(word, text[i])
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, quoted = c, true
		case quote != 0:
			word = append(word, c)
		case c == '#' && len(word) == 0 && !quoted:
			for i+1 < len(text) && text[i+1] != '\n' {
				i++
			}
		case strings.IndexByte(event.Breaks+";|&()<>`", c) >= 0:
			flush()
		default:
			word = append(word, c)
		}
	}
	flush()
	return out
}

// optionOrName is what may stand before a path in one word: -f/x, --file=/x, DIR=/x.
var optionOrName = regexp.MustCompile(`^(-[A-Za-z]|[-A-Za-z0-9_.]+=)?/`)

func mentionOf(word string) (mention, bool) {
	at := strings.IndexByte(word, '/')
	if at < 0 || !optionOrName.MatchString(word[:at+1]) || strings.HasPrefix(word[at:], "//") || len(word)-at > event.MaxPath {
		return mention{}, false
	}
	p := word[at:]
	i := strings.IndexAny(p, "*?[${\x00")
	if i >= 0 {
		p = p[:strings.LastIndexByte(p[:i], '/')+1]
	}
	p = path.Clean(p)
	return mention{p, i >= 0}, p != "/"
}

// runsEach finds in a script that it runs what it does not name: a variable where a command stands, with
// or without a program that runs it, and what goes through folders in other ways. One that removes or
// lists the files of a folder runs none of them.
var runsEach = regexp.MustCompile(`(?m)(^|[;&|({]|\bdo|\bthen|\belse)[ \t]*((ba|z|k|da)?sh|\.|source|exec|eval|command|env|nohup|nice|sudo|open|python3?|perl|ruby|osascript)?` +
	`([ \t]+-[\w-]+)*[ \t]*["']?[\w./-]*\$[\w{@]|run-parts|-exec|xargs|listdir|iterdir|scandir|glob|readdir|opendir`)

// sealed are the folders that macOS lets nobody change.
var sealed = []string{"/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/libexec", "/usr/lib", "/usr/share", "/System", "/dev"}

// busy are folders in which files come and go that nobody runs: of these only programs and
// scripts count.
var busy = append([]string{"/Users", "/Library/Caches", "/Library/Logs", "/Library/Preferences", "/private/var", "/var"}, temporary...)

// usersOwn are folders in which users can mount what never answers. What a script names there is
// not looked at: they would blind the watch over a program that is none of theirs.
var usersOwn = append([]string{"/Users"}, temporary...)

func isWithin(name string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return strings.EqualFold(name, f) || isBelow(name, f) })
}

// scriptName is how the names of scripts end that an interpreter runs, executable or not.
var scriptName = regexp.MustCompile(`(?i)\.(sh|bash|zsh|csh|ksh|command|tool|py|pl|rb|php|js|scpt|applescript|tcl|awk|swift)$`)

func isRunnable(p *event.Program) bool { return isExecutable(p) || scriptName.MatchString(p.Path) }

// partFinder finds what a program runs beside itself.
type partFinder struct {
	*disk
	view  *View
	a     allowance
	known map[string]bool // parts, and what is none
	over  bool            // there are more than are watched
}

// addParts finds the files that the arguments of a program name, what lies in folders that they
// or its script go through, and the scripts that its script names. text is the script. It reports whether there are
// more than the share of the owner has room for.
func (d *disk) addParts(v *View, text []byte, a allowance) (over bool) {
	p := &v.Program
	p.Parts = []event.Program{}
	f := partFinder{d, v, a, map[string]bool{p.Path: true, p.Resolved: true}, false}
	if p.Exists {
		runner := isRunner(p)
		for i, m := range f.argumentMentions(p.Arguments) {
			script := f.addMention(m, runner, runner || m.open)
			if i > 0 || script == nil || !isNamed(p, interpreters) {
				continue
			}
			if part := p.Parts[len(p.Parts)-1]; isExecutable(&part) {
				p.Excerpt, v.Script, v.Content = string(script[:min(len(script), maxExcerpt)]), part, script
			}
			f.addScript(script)
		}
		f.addScript(text)
	}
	slices.SortFunc(p.Parts, func(a, b event.Program) int { return strings.Compare(a.Path, b.Path) })
	slices.Sort(p.Unwatched)
	return f.over
}

// argumentMentions returns the paths in arguments. One with spaces that nobody quoted counts if
// something is there.
func (f *partFinder) argumentMentions(arguments string) []mention {
	list := mentionsIn(arguments, 0)
	for i, m := range list {
		if at := strings.Index(arguments, m.path+" "); at >= 0 && !m.open && i < f.a.parts {
			if whole := path.Clean(event.ProgramPath(arguments[at:])); whole != m.path && f.locatePath(whole).err == nil {
				list[i].path = whole
			}
		}
	}
	return list
}

// addScript adds what the text of a script names: folders if it runs what is in any, and scripts. Of
// programs it says that they are not watched: those are replaced whenever they are updated.
func (f *partFinder) addScript(text []byte) {
	text = text[:min(len(text), maxText)]
	through := runsEach.Match(text)
	for _, m := range mentionsIn(string(text), 0) {
		f.addMention(m, false, through)
	}
}

// addMention adds the file at a path, or with folders what lies in the folder there. With all set
// any file counts, also one that is missing, otherwise those that can be run. It returns the text of
// a script.
func (f *partFinder) addMention(m mention, all, folders bool) []byte {
	if f.known[m.path] || isWithin(m.path, sealed) || !f.hasRoom() {
		return nil
	}
	f.known[m.path] = true
	at := location{err: errForeign}
	if all || !isWithin(m.path, usersOwn) {
		at = f.follow(m.path, all)
	}
	switch {
	case errors.Is(at.err, errForeign):
		f.addUnwatched(m.path)
		return nil
	case at.err != nil && (!all || m.open):
		return nil // that it appears is seen
	case at.err == nil && at.Mode.IsDir():
		if folders {
			f.addFolder(m.path, at)
		}
		return nil
	}
	return f.addFile(m.path, at, all, all)
}

func (f *partFinder) hasRoom() bool {
	f.over = f.over || len(f.known) > 2*f.a.parts+2 || len(f.view.Program.Parts) >= f.a.parts
	return !f.over
}

// addFolder adds a folder and the files in it.
func (f *partFinder) addFolder(name string, at location) {
	f.addFile(name, at, true, true)
	f.seen[f.index[at.At]].listed = true
	names, err := f.tree.List(at.At, f.a.parts+1)
	if err != nil || len(names) > f.a.parts {
		f.over = true
	}
	slices.Sort(names)
	for _, n := range names {
		entry := path.Join(name, n)
		if f.known[entry] || !f.hasRoom() {
			continue
		}
		f.known[entry] = true
		if e := f.locatePath(entry); e.err != nil || !e.Mode.IsDir() {
			f.addFile(entry, e, !isWithin(name, busy), true)
		}
	}
}

func (f *partFinder) addUnwatched(name string) {
	if p := &f.view.Program; len(p.Unwatched) < maxUnwatched {
		p.Unwatched = append(p.Unwatched, name)
	}
}

// addFile adds a part. Unless all are wanted, that is a program or a script; a program only if
// programs are wanted.
func (f *partFinder) addFile(name string, at location, all, programs bool) []byte {
	part := event.Program{Value: name, Path: name, WritableBy: at.writableBy}
	a := f.a.without(f.view.read)
	a.most = maxPart
	c, err := f.describeProgram(&part, at, a)
	f.view.read += c.read
	f.view.changed = f.view.changed || errors.Is(err, safefile.ErrChanged)
	f.view.unsure = f.view.unsure || errors.Is(err, errNoAnswer) || c.short
	if !all && !isRunnable(&part) {
		return nil
	}
	p := &f.view.Program
	if !programs && part.Kind != Script {
		f.addUnwatched(name)
		return nil
	}
	part.Excerpt = ""
	if p.WritableBy == "" {
		p.WritableBy = part.WritableBy
	}
	p.Parts = append(p.Parts, part)
	return c.text
}
