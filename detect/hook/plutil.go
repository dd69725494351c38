package hook

import (
	"encoding/json"
	"path"
	"strings"

	"hooksnare/pkg/plist"
)

// plutilCommand is one command line of plutil(1):
//
//	plutil -VERB ... [-o OUT] [-e EXTENSION] [-r] [-s] [-n] [--] FILE...
type plutilCommand struct {
	findings
	in Input

	verb   string
	key    string // "" if the key path leads to none
	op     Operation
	value  string
	valued bool

	output    string // -o
	hasOutput bool
	extension string // -e
	files     []string
}

// maxName is the longest name of a file that macOS takes.
const maxName = 255

func analyzePlutil(in *Input) []Fact {
	c := plutilCommand{in: *in}
	args := c.takeOptions(in.Args[1:])
	if len(args) == 0 {
		return nil
	}
	c.verb = strings.ToLower(args[0])
	args = args[1:]
	switch c.verb {
	case "-insert", "-replace":
		args = c.takeInsertion(args)
	case "-remove":
		args = c.takeKeyPath(args, Remove)
	case "-convert", "-create":
		args = argsAfter(args, 1)
		if len(args) > 0 && args[0] == "-header" {
			args = args[1:]
		}
	case "-extract":
		args = takeExpectation(argsAfter(args, 2))
	case "-type":
		args = takeExpectation(argsAfter(args, 1))
	default:
		return nil
	}
	c.takeOperands(args)
	c.write()
	return c.facts
}

func argsAfter(args []string, n int) []string { return args[min(n, len(args)):] }

func takeExpectation(args []string) []string {
	if len(args) > 0 && args[0] == "-expect" {
		return argsAfter(args, 2)
	}
	return args
}

// takeOptions takes the options in front of args.
func (c *plutilCommand) takeOptions(args []string) []string {
	for len(args) > 0 {
		switch args[0] {
		case "-s", "-r", "-n":
			args = args[1:]
		case "-o":
			if len(args) > 1 {
				c.output, c.hasOutput = args[1], true
			}
			args = argsAfter(args, 2)
		case "-e":
			if len(args) > 1 {
				c.extension = args[1]
			}
			args = argsAfter(args, 2)
		default:
			return args
		}
	}
	return nil
}

// takeOperands takes what follows the verb's own arguments: options and files in any
// order. After -- there are files, but the tool of today still takes options there
// and the one of old did not: what looks like an option counts as both.
func (c *plutilCommand) takeOperands(args []string) {
	onlyFiles := false
	for len(args) > 0 {
		rest := args
		if args = c.takeOptions(args); len(args) < len(rest) {
			if onlyFiles {
				c.files = append(c.files, rest[:len(rest)-len(args)]...)
			}
			continue
		}
		if args[0] == "--" {
			onlyFiles = true
		} else {
			c.files = append(c.files, args[0])
		}
		args = args[1:]
	}
}

func (c *plutilCommand) takeKeyPath(args []string, op Operation) []string {
	if len(args) > 0 {
		c.key, c.op = splitKeyPath(args[0]).hook(op)
	}
	return argsAfter(args, 1)
}

// takeInsertion takes KEYPATH -TYPE [VALUE] [-append].
func (c *plutilCommand) takeInsertion(args []string) []string {
	args = c.takeKeyPath(args, Set)
	if len(args) == 0 {
		return nil
	}
	kind := strings.ToLower(args[0])
	args = args[1:]
	switch kind {
	case "-array", "-dictionary", "-dict":
	default:
		if len(args) == 0 {
			return nil
		}
		c.value, c.valued = plutilValue(kind, args[0])
		args = args[1:]
	}
	if len(args) > 0 && args[0] == "-append" {
		args = args[1:]
	}
	return args
}

// plutilValue returns what is stored for a value of a type. A value that can't be
// read is shown as it was given.
func plutilValue(kind, arg string) (string, bool) {
	var v any
	var err error
	switch kind {
	case "-xml":
		v, err = plist.DecodeText([]byte(arg))
	case "-json":
		d := json.NewDecoder(strings.NewReader(arg))
		d.UseNumber()
		err = d.Decode(&v)
	default:
		return arg, true
	}
	if err != nil {
		return arg, true
	}
	return scalar(v)
}

// splitKeyPath splits at dots that have no backslash before them. No argument has a NUL.
func splitKeyPath(s string) entry {
	e := strings.Split(strings.ReplaceAll(s, `\.`, "\x00"), ".")
	for i := range e {
		e[i] = strings.ReplaceAll(e[i], "\x00", ".")
	}
	return e
}

// write finds what is written. With -o all files go to one place, the last over those
// before, so one fact is enough; else each file stands for itself.
func (c *plutilCommand) write() {
	if c.hasOutput && c.verb != "-create" {
		t := pathTarget(&c.in, c.output, false)
		if c.output == "-" || !t.hasKeys() || len(c.files) == 0 {
			return
		}
		file := c.files[len(c.files)-1]
		for i := len(c.files) - 1; i >= 0; i-- { // the last one that is not the target itself
			if c.source(&t, c.files[i]) != "" {
				file = c.files[i]
				break
			}
		}
		c.report(&t, file)
		return
	}
	for _, file := range c.files {
		if name := c.inPlace(file); name != "-" {
			if t := pathTarget(&c.in, name, false); t.hasKeys() {
				c.report(&t, file)
			}
		}
	}
}

// inPlace returns the file that is written for a file that is read: itself, or with
// -e its neighbour. -create reads nothing and takes no notice of -e.
func (c *plutilCommand) inPlace(file string) string {
	if c.extension == "" || len(c.extension) > maxName || c.verb == "-create" || file == "-" {
		return file
	}
	return strings.TrimSuffix(file, path.Ext(file)) + "." + c.extension
}

// source returns what a file that is read is called in a fact, "" if it is the one
// that is written.
func (c *plutilCommand) source(t *target, file string) string {
	if s := sourceFile(&c.in, file); !strings.EqualFold(s, t.plist) {
		return s
	}
	return ""
}

func (c *plutilCommand) report(t *target, file string) {
	if c.verb == "-create" {
		if t.relevant {
			c.addFact(t.complete(toolPlutil, Fact{Verb: c.verb, Operation: Remove}))
		}
		return
	}
	source := c.source(t, file)
	if c.key != "" {
		c.addFact(t.complete(toolPlutil, Fact{Verb: c.verb, Operation: c.op, Key: c.key, Value: c.value, HasValue: c.valued, SourceFile: source}))
	}
	// All other keys come from the file that is read, a second hook among them: who has
	// explained the one that shows has not explained that one. A hook file that is copied to
	// where nothing reads it is a backup.
	from := pathTarget(&c.in, file, false)
	isBackup := t.scope == Other && from.relevant && from.scope != Other
	if source != "" && t.relevant && !isBackup {
		c.addFact(t.complete(toolPlutil, Fact{Verb: c.verb, Operation: Import, SourceFile: source}))
	}
}
