package redact

import (
	"regexp"
	"slices"
	"strings"
)

// invocation is the state of reading the words of one command.
type invocation struct {
	*scan
	words   []word
	trusted bool     // it is a command for certain: in other text -p means nothing
	program *program // the one that runs, or the last of those that run each other
	seeking bool     // the next operand names the program
	skip    int      // operands of a wrapper that still come before that
	code    bool     // the next operand is a script
	ran     bool     // an operand was one
	prints  bool     // operands are printed
	ruled   int      // programs whose rules were applied
}

// command looks at the words of one simple command.
func (s *scan) command(words []word, trusted bool) {
	if at := s.hookCommand(words); at < len(words) {
		words = append(words[:at:at], s.keepCommand(words[at:])...)
	}
	first := len(s.events)
	v := invocation{scan: s, words: words, trusted: trusted, program: unknownProgram, seeking: true}
	for i := 0; i < len(words); {
		i += v.step(i)
	}
	asks := slices.ContainsFunc(s.events[first:], func(e event) bool { return e.kind == reader })
	secret := false
	for _, w := range words {
		secret = secret || w.kind == outputFile && secretFile(s.text(w))
		if w.kind != hereText && w.kind != hereLine || v.program.shell && !v.ran {
			continue
		}
		if s.events = append(s.events, event{w.span, printed, w.quote}); asks {
			s.mark(w.arg, w.from, w.to, w.quote != '\'')
		}
	}
	for _, e := range s.events[first:] {
		if secret && e.kind == printed {
			s.mark(e.arg, e.from, e.to, e.quote != '\'')
		}
	}
}

// secretFile reports whether a file holds secrets by its name.
func secretFile(path string) bool {
	name := path[strings.LastIndexByte(path, '/')+1:]
	return name == ".netrc" || name == ".pgpass" || nameKind(name, false) == secretKind
}

// step looks at a word and returns how many words it has dealt with.
func (v *invocation) step(i int) int {
	w, text := v.words[i], v.text(v.words[i])
	switch {
	case w.kind == hereLine:
	case w.kind == hereText:
		v.events = append(v.events, event{kind: input})
		v.readWord(w, v.program.shell)
	case w.kind == inputFile, w.kind == outputFile:
		v.readWord(w, true)
	case len(text) > 1 && text[0] == '-' && (w.kind == plain || !strings.ContainsAny(text, ";|\n")):
		return v.option(i)
	case v.print(w, text):
	case !v.seeking:
		v.operand(i)
	case isAssignment(text):
		v.readWord(w, false)
	case v.skip > 0:
		v.skip--
	default:
		v.program = programOf(text)
		v.seeking, v.skip = v.program.wraps, v.program.skips
		v.reads(v.program.reads)
		v.applyRules(v.program, i)
		v.readWord(w, v.code)
	}
	return 1
}

// reads notes that the program reads a password from its standard input.
func (v *invocation) reads(yes bool) {
	if yes {
		v.events = append(v.events, event{kind: reader})
	}
}

// print notes a word that is printed, and reports whether it is one or begins such words.
func (v *invocation) print(w word, text string) bool {
	if v.prints {
		if !echoOption.MatchString(text) {
			v.events = append(v.events, event{w.span, printed, w.quote})
		}
		v.readWord(w, false)
		return true
	}
	switch text {
	case "echo", "printf", "print", "yes", "/bin/echo", "/usr/bin/printf":
		v.prints = true
	}
	return v.prints
}

// markFrom marks the rest of a word.
func (v *invocation) markFrom(w word, from int) {
	v.mark(w.arg, w.from+from, w.to, w.kind != argument && w.quote != '\'')
}

// maxRuled bounds the programs of one command whose rules are applied.
const maxRuled = 4

// applyRules marks what the rules of a program find in the words after its name.
func (v *invocation) applyRules(p *program, at int) {
	if p.rules == nil || v.ruled == maxRuled {
		return
	}
	v.ruled++
	var joined strings.Builder
	starts := make([]int, 0, len(v.words)-at)
	for _, w := range v.words[at+1:] {
		joined.WriteByte('\n')
		starts = append(starts, joined.Len())
		joined.WriteString(strings.ReplaceAll(v.text(w), "\n", " "))
	}
	for _, rule := range p.rules {
		name := rule.SubexpIndex("name")
		for _, m := range rule.FindAllStringSubmatchIndex(joined.String(), -1) {
			if name > 0 && nameKind(joined.String()[m[2*name]:m[2*name+1]], false) != secretKind {
				continue
			}
			for g := 1; g < len(m)/2; g++ {
				if g == name || m[2*g] < 0 {
					continue
				}
				k, whole := slices.BinarySearch(starts, m[2*g])
				if !whole {
					k--
				}
				w := v.words[at+1+k]
				if value := v.text(w)[m[2*g]-starts[k]:]; !whole || !isOption(value) {
					w.to = w.from + m[2*g+1] - starts[k]
					v.markFrom(w, m[2*g]-starts[k])
				}
			}
		}
	}
}

// option looks at an option and the word after it.
func (v *invocation) option(i int) int {
	w, text, next := v.words[i], v.text(v.words[i]), word{span: span{v.words[i].arg, 0, 0}}
	if i+1 < len(v.words) && v.words[i+1].kind <= argument {
		next = v.words[i+1]
	}
	following := v.text(next)
	v.code = (v.program.shell || v.program == unknownProgram) && runsCode(text) || v.program.prints && len(text) == 2
	name, value, glued := strings.Cut(text, "=")
	v.reads(v.program.asksWith(text) || readsStdin(name, value) || readsStdin(name, following))
	guess := text[1] == 'p' && v.trusted && !v.program.plainP
	switch {
	case guess && name == "-p" && glued && !harmless.MatchString(value):
		v.markFrom(w, len("-p="))
	case glued:
		v.readWord(w, false)
	case guess && name == "-p":
		if !harmless.MatchString(following) {
			v.markFrom(next, 0)
			return 2
		}
	case guess && !isLetters(text[2:]) && !harmless.MatchString(text[2:]):
		v.markFrom(w, 2)
	case v.program.awaits(text):
		return 2
	case len(name) > 2 && !v.program.verbs && !v.isMarked(w):
		if k := nameKind(name, true); k == secretKind && !isOption(following) || k == weakKind && isPlausible(following) {
			v.markFrom(next, 0)
			return 2
		}
		v.readWord(w, false)
	}
	return 1
}

// isMarked reports whether a rule has found a secret in a word; the last few edits are
// those of the rules.
func (v *invocation) isMarked(w word) bool {
	return slices.ContainsFunc(v.edits[max(0, len(v.edits)-8):], func(e span) bool {
		return e.arg == w.arg && e.from >= w.from && e.to <= w.to
	})
}

var (
	// plistEntry matches PlistBuddy's "Set :KEY VALUE" and "Add :KEY TYPE VALUE" before
	// the value.
	plistEntry = regexp.MustCompile(`(?i)^(?:set +:(?:\S*[:.])?([^\s:.]+) +|add +:(?:\S*[:.])?([^\s:.]+) +(?:string|data) +)`)

	// hostLogin matches user:password@host, which has no scheme, unless it is one of
	// noLogin.
	hostLogin = regexp.MustCompile(`^[^\s/?#"'{}()\[\]<>,:]+:([^\s/?#"'{}()\[\]<>,]+)@[^\s@/]`)
	noLogin   = regexp.MustCompile(`(?i)^(?:\S*@npm|mailto|npm|workspace|patch|sips?|xmpp|acct|user|group|tel|im):|@sha[0-9]`)
)

// plistEntry marks the value of an entry of PlistBuddy.
func (v *invocation) plistEntry(w word, text string) {
	if at := plistEntry.FindStringSubmatchIndex(text); at != nil && nameKind(text[max(at[2], at[4]):max(at[3], at[5])], false) == secretKind {
		v.markFrom(w, at[1])
	}
}

// operand looks at a word that is neither an option nor the name of the program.
func (v *invocation) operand(i int) {
	w, text := v.words[i], v.text(v.words[i])
	if hasPrefixFold(text, "pass:") || hasPrefixFold(text, "/p:") {
		v.markFrom(w, strings.IndexByte(text, ':')+1)
	}
	if strings.Contains(text, " :") {
		v.plistEntry(w, text)
	}
	if strings.IndexByte(text, '@') > 0 {
		if at := hostLogin.FindStringSubmatchIndex(text); at != nil && !noLogin.MatchString(text) {
			v.mark(w.arg, w.from+at[2], w.from+at[3], w.kind != argument)
		}
	}
	v.applyRules(programOf(text), i)
	v.readWord(w, v.code || v.program.wraps || v.text(v.words[i-1]) == "script")
	if v.code && v.program.prints {
		v.events = append(v.events, event{w.span, printed, w.quote})
	}
	v.ran, v.code = v.ran || v.code, false
}
