package hook

import (
	"cmp"
	"slices"
	"strings"
)

// analyzePlistBuddy reads a command line of PlistBuddy(8):
//
//	PlistBuddy [-x] [-l] [-h] [-c COMMAND]... FILE
//
// The tool wants its one file last; one that stands elsewhere is taken as well.
func analyzePlistBuddy(in *Input) []Fact {
	file, fromStdin := "", true
	args := in.Args[1:]
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case takesCommand(a):
			fromStdin = false
			i++
		case a == "-h":
			fromStdin = false
		case isFlag(a):
		case holdsHook(a) || !holdsHook(file):
			file = a
		}
	}
	b := buddy{in: *in, target: pathTarget(in, file, false)}
	switch {
	case !b.target.hasKeys():
	case fromStdin:
		b.reportAll(Fact{Verb: "stdin", Operation: Edit})
	default:
		for i := 0; i+1 < len(args); i++ {
			if takesCommand(args[i]) {
				i++
				b.analyzeCommand(args[i])
			}
		}
	}
	return b.facts
}

// isFlag accepts flags one by one and joined.
func isFlag(a string) bool {
	if a == "--" {
		return true
	}
	return len(a) > 1 && len(a) <= 5 && a[0] == '-' && strings.Trim(a[1:], "cxlh") == ""
}

func takesCommand(a string) bool { return isFlag(a) && strings.IndexByte(a, 'c') > 0 }

// buddy carries out commands against one file.
type buddy struct {
	findings
	in     Input
	target target
}

// report adds what a command does to the hook that a path leads to, if it leads to one.
func (b *buddy) report(e entry, f Fact) {
	if f.Key, f.Operation = e.hook(f.Operation); f.Key != "" {
		b.addFact(b.target.complete(toolPlistBuddy, f))
	}
}

// reportAll adds what a command does to all keys at once. Of a file that does not show its
// name that says nothing.
func (b *buddy) reportAll(f Fact) {
	if b.target.relevant {
		b.addFact(b.target.complete(toolPlistBuddy, f))
	}
}

// analyzeCommand reads one command. The short words are the tool's own, from its help of old.
func (b *buddy) analyzeCommand(s string) {
	line := buddyLine(s)
	switch verb := strings.ToLower(line.word()); verb {
	case "add", "+":
		e, rest := line.entry(), line
		f := Fact{Verb: "Add", Operation: Set}
		switch strings.ToLower(line.word()) {
		case "array", "dict", "":
		case "string", "bool", "real", "integer", "date", "data":
			f.Value, f.HasValue = line.value(), true
		default: // no type: the tool refuses, but this is what was meant
			f.Value, f.HasValue = rest.value(), true
		}
		b.report(e, f)
	case "set", "=":
		e := line.entry()
		b.report(e, Fact{Verb: "Set", Operation: Set, Value: line.value(), HasValue: true})
	case "delete", "rm", "-":
		given := strings.Trim(string(line), buddySpace) != ""
		e, f := line.entry(), Fact{Verb: "Delete", Operation: Remove}
		if given && len(e) == 0 {
			b.reportAll(f)
		}
		b.report(e, f)
	case "clear":
		b.reportAll(Fact{Verb: "Clear", Operation: Remove})
	case "merge":
		file := line.word()
		e, f := line.entry(), Fact{Verb: "Merge", Operation: Import, SourceFile: sourceFile(&b.in, file)}
		switch {
		case file == "":
		case len(e) == 0:
			b.reportAll(f)
		default: // what is merged into a hook can only change what is in it
			f.Operation = Edit
			b.report(e, f)
		}
	case "import":
		e := line.entry()
		f := Fact{Verb: "Import", Operation: Import, SourceFile: sourceFile(&b.in, line.word())}
		if len(e) == 0 && f.SourceFile != "" {
			b.reportAll(f)
		}
		f.Operation = Set
		b.report(e, f)
	case "copy", "cp":
		from, to := line.entry(), line.entry()
		b.report(to, Fact{Verb: "Copy", Operation: Set, Source: strings.Join(from, ":")})
	}
}

// buddyLine is what is left of a PlistBuddy command. Words are separated by white
// space, quoted by ' or " in any part, and a backslash makes the next byte ordinary.
type buddyLine string

const buddySpace = " \t\r\n\v\f"

// parts takes the first word of the line with its quoting undone, divided at colons that no
// backslash stands before. With all set it takes the line as one word. Quotes that are not
// closed run to the end: the tool refuses them, and what was meant is all of it.
func (l *buddyLine) parts(all bool) []string {
	s := strings.TrimLeft(string(*l), buddySpace)
	var out []string
	var part []byte
	quote := byte(0)
	i := 0
	for ; i < len(s); i++ {
		c := s[i]
		if quote == 0 && !all && strings.IndexByte(buddySpace, c) >= 0 {
			break
		}
		switch {
		case c == '\\' && i+1 < len(s):
			i++
			part = append(part, cmp.Or(escapes[s[i]], s[i]))
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == ':':
			out = append(out, string(part))
			part = part[:0]
		default:
			part = append(part, c)
		}
	}
	*l = buddyLine(s[i:])
	return append(out, string(part))
}

var escapes = map[byte]byte{'n': '\n', 't': '\t'}

func (l *buddyLine) word() string { return strings.Join(l.parts(false), ":") }

// value takes the rest of the line, white space inside included.
func (l *buddyLine) value() string {
	*l = buddyLine(strings.Trim(string(*l), buddySpace))
	return strings.Join(l.parts(true), ":")
}

// entry is the path of a key: its parts between colons. It is empty for the root.
type entry []string

// entry takes a word as the path of a key. The colon in front is optional.
func (l *buddyLine) entry() entry {
	e := l.parts(false)
	first := slices.IndexFunc(e, func(part string) bool { return part != "" })
	if first < 0 {
		return nil
	}
	return e[first:]
}

// hook returns the hook key that a path leads to and what op does to it: something
// below the key is an edit of its value. The key is "" for any other path.
func (e entry) hook(op Operation) (string, Operation) {
	if len(e) == 0 {
		return "", op
	}
	if len(e) > 1 {
		op = Edit
	}
	return hookKey(e[0]), op
}
