package hook

import "strings"

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
	b := buddy{in: *in, target: fileTarget(in, file)}
	switch {
	case !b.target.hasKeys():
	case fromStdin:
		b.wholeFile("stdin", Edit, "")
	default:
		b.commands(args)
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

func (b *buddy) commands(args []string) {
	for i := 0; i+1 < len(args); i++ {
		if takesCommand(args[i]) {
			i++
			b.command(args[i])
		}
	}
}

func (b *buddy) fact(verb string, op Operation, key string) Fact {
	return b.target.fact(toolPlistBuddy, verb, op, key)
}

// command reads one command. The short words are the tool's own, from its help of old.
func (b *buddy) command(s string) {
	line := buddyLine(s)
	switch verb := line.word().text; strings.ToLower(verb) {
	case "add", "+":
		b.addKey(line)
	case "set", "=":
		b.set(line)
	case "delete", "rm", "-":
		b.remove(line)
	case "clear":
		b.wholeFile("Clear", Remove, "")
	case "merge":
		b.merge(line)
	case "import":
		b.importFile(line)
	case "copy", "cp":
		b.copy(line)
	}
}

// wholeFile tells of a command that concerns all keys at once. A file that does not
// show its name is then nothing to go by.
func (b *buddy) wholeFile(verb string, op Operation, source string) {
	if !b.target.relevant {
		return
	}
	f := b.fact(verb, op, "")
	f.SourceFile = source
	b.add(f)
}

func (b *buddy) addKey(line buddyLine) {
	key, op := line.entry().hook(Set)
	if key == "" {
		return
	}
	f := b.fact("Add", op, key)
	rest := line
	switch kind := strings.ToLower(line.word().text); kind {
	case "array", "dict", "":
	case "string", "bool", "real", "integer", "date", "data":
		f.Value, f.HasValue = line.value(), true
	default: // no type: the tool refuses, but this is what was meant
		f.Value, f.HasValue = rest.value(), true
	}
	b.add(f)
}

func (b *buddy) set(line buddyLine) {
	if key, op := line.entry().hook(Set); key != "" {
		f := b.fact("Set", op, key)
		f.Value, f.HasValue = line.value(), true
		b.add(f)
	}
}

func (b *buddy) remove(line buddyLine) {
	if strings.Trim(string(line), space) == "" {
		return
	}
	e := line.entry()
	if len(e) == 0 {
		b.wholeFile("Delete", Remove, "")
		return
	}
	if key, op := e.hook(Remove); key != "" {
		b.add(b.fact("Delete", op, key))
	}
}

func (b *buddy) merge(line buddyLine) {
	file := line.word()
	if file.text == "" {
		return
	}
	source := sourceFile(&b.in, file.text)
	e := line.entry()
	if len(e) == 0 {
		b.wholeFile("Merge", Import, source)
		return
	}
	// What is merged into a hook can only change what is in it.
	if key, _ := e.hook(Edit); key != "" {
		f := b.fact("Merge", Edit, key)
		f.SourceFile = source
		b.add(f)
	}
}

func (b *buddy) importFile(line buddyLine) {
	e := line.entry()
	source := sourceFile(&b.in, line.word().text)
	if len(e) == 0 {
		if source != "" {
			b.wholeFile("Import", Import, source)
		}
		return
	}
	if key, op := e.hook(Set); key != "" {
		f := b.fact("Import", op, key)
		f.SourceFile = source
		b.add(f)
	}
}

func (b *buddy) copy(line buddyLine) {
	from, to := line.entry(), line.entry()
	if key, op := to.hook(Set); key != "" {
		f := b.fact("Copy", op, key)
		f.Source = strings.Join(from, ":")
		b.add(f)
	}
}
