package hook

import (
	"cmp"
	"slices"
	"strings"
)

// defaultsVerbs are those that change something.
var defaultsVerbs = [...]string{"write", "delete", "delete-all", "rename", "import", "export"}

// defaultsCommand is one command after its domain.
type defaultsCommand struct {
	findings
	in     Input
	verb   string
	target target
	args   []string // after the domain
}

// analyzeDefaults reads a command line of defaults(1):
//
//	defaults [-currentHost | -host HOST] [-container ID] VERB [DOMAIN] ...
func analyzeDefaults(in *Input) []Fact {
	var r reach
	args := r.take(in.Args[1:])
	if len(args) == 0 {
		return nil
	}
	c := defaultsCommand{in: *in, verb: strings.ToLower(args[0])}
	if !slices.Contains(defaultsVerbs[:], c.verb) {
		return nil
	}
	r.full = c.verb == "export"
	var ok bool
	c.target, c.args, ok = r.domainTarget(in, args[1:])
	switch c.verb {
	case "delete", "delete-all":
		if !ok { // without a domain it means all of the user's
			c.target = r.named(in, "", domainLoginwindow)
		}
		c.remove()
	case "write":
		c.write()
	case "rename":
		c.rename()
	case "import":
		if c.target.relevant && len(c.args) > 0 {
			c.report(Fact{Operation: Import, SourceFile: sourceFile(in, c.args[0])})
		}
	case "export":
		c.export()
	}
	return c.facts
}

func (c *defaultsCommand) report(f Fact) {
	f.Verb = c.verb
	c.addFact(c.target.complete(toolDefaults, f))
}

func (c *defaultsCommand) write() {
	if !c.target.hasKeys() || len(c.args) == 0 {
		return
	}
	if len(c.args) == 1 {
		c.replaceDomain(c.args[0])
		return
	}
	if key := hookKey(c.args[0]); key != "" {
		f := Fact{Operation: Set, Key: key}
		f.Value, f.HasValue = typedValue(c.args[1:])
		c.report(f)
	}
}

// typedValue reads the value of a write: -type and words, or words. The tool takes
// one word but for arrays and dictionaries; more of them are what a shell made of a
// path with spaces, which loginwindow would get whole if it had been quoted.
func typedValue(words []string) (string, bool) {
	if len(words) == 0 || !isAnyOf(words[0], valueTypes[:]) {
		return written(words)
	}
	if len(words) == 1 {
		return "", false
	}
	return strings.Join(words[1:], " "), true
}

var valueTypes = [...]string{
	"-string", "-data", "-int", "-integer", "-float", "-bool", "-boolean", "-date", "-array", "-array-add", "-dict", "-dict-add",
}

// replaceDomain is a write of a whole domain: the keys in the dictionary are set, all others
// go. A domain without a hook after it is a removal of hooks, as with delete.
func (c *defaultsCommand) replaceDomain(arg string) {
	d, broken := dictionary(arg)
	var facts []Fact
	for k, v := range d {
		if key := hookKey(k); key != "" {
			f := Fact{Operation: Set, Key: key}
			if f.Value, f.HasValue = scalar(v); f.HasValue && RunsProgram(key) && IsBlank(f.Value) {
				continue // as if it were not there
			}
			facts = append(facts, f)
		}
	}
	slices.SortFunc(facts, func(a, b Fact) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(a.Value, b.Value))
	})
	for _, f := range facts {
		c.report(f)
	}
	switch {
	case !c.target.relevant:
	case broken:
		c.report(Fact{Operation: Edit})
	case d != nil && len(facts) == 0:
		c.report(Fact{Operation: Remove})
	}
}

func (c *defaultsCommand) rename() {
	if !c.target.hasKeys() || len(c.args) < 2 {
		return
	}
	if key := hookKey(c.args[0]); key != "" {
		c.report(Fact{Operation: Remove, Key: key})
	}
	if key := hookKey(c.args[1]); key != "" {
		c.report(Fact{Operation: Set, Key: key, Source: c.args[0]})
	}
}

// sourceFile resolves the name of a file that is read; "-" is stdin.
func sourceFile(in *Input, name string) string {
	if p := resolve(in, name); p != "" && name != "-" {
		return spell(p)
	}
	return name
}

func (c *defaultsCommand) remove() {
	if len(c.args) == 0 && c.target.relevant {
		c.report(Fact{Operation: Remove})
	}
	for _, a := range c.args {
		if key := hookKey(a); key != "" && c.target.hasKeys() {
			c.report(Fact{Operation: Remove, Key: key})
		}
	}
}

// export writes a domain into a file, and the file may be one that loginwindow reads:
// then any domain will do to carry a hook there. Copies to elsewhere are backups.
func (c *defaultsCommand) export() {
	if len(c.args) == 0 || c.args[0] == "-" {
		return
	}
	source := c.target.plist
	c.target = pathTarget(&c.in, c.args[0], false)
	if c.target.relevant && c.target.scope != Other && !strings.EqualFold(c.target.plist, source) {
		c.report(Fact{Operation: Import, SourceFile: source})
	}
}
