package hook

import (
	"sort"
	"strings"
)

// analyzeDefaults reads a command line of defaults(1):
//
//	defaults [-currentHost | -host HOST] [-container ID] VERB [DOMAIN] ...
func analyzeDefaults(in *Input) []Fact {
	var r reach
	args := r.take(in.Args[1:])
	if len(args) == 0 {
		return nil
	}
	verb := verbOf(args[0])
	if verb == "" {
		return nil
	}
	r.full = verb == "export"
	t, rest, ok := r.domainTarget(in, args[1:])
	c := defaultsCommand{in: *in, target: t, args: rest}
	switch verb {
	case "delete", "delete-all":
		if !ok {
			// Without a domain it means all of the user's.
			c.target = r.named(in, "", domainLoginwindow)
		}
		c.remove(verb)
	case "write":
		c.write()
	case "rename":
		c.rename()
	case "import":
		c.importFile()
	case "export":
		c.export()
	}
	return c.facts
}

// verbOf returns the verb that a word is, "" for one that changes nothing.
func verbOf(word string) string {
	for _, v := range [...]string{"write", "delete", "delete-all", "rename", "import", "export"} {
		if strings.EqualFold(word, v) {
			return v
		}
	}
	return ""
}

// defaultsCommand is one command after its domain.
type defaultsCommand struct {
	findings
	in     Input
	target target
	args   []string // after the domain
}

func (c *defaultsCommand) fact(verb string, op Operation, key string) Fact {
	return c.target.fact(toolDefaults, verb, op, key)
}

func (c *defaultsCommand) write() {
	if !c.target.hasKeys() || len(c.args) == 0 {
		return
	}
	if len(c.args) == 1 {
		c.replace(c.args[0])
		return
	}
	if key := canonicalKey(c.args[0]); key != "" {
		f := c.fact("write", Set, key)
		f.Value, f.HasValue = typedValue(c.args[1:])
		c.add(f)
	}
}

// typedValue reads the value of a write: -type and words, or words. The tool takes
// one word but for arrays and dictionaries; more of them are what a shell made of a
// path with spaces, which loginwindow would get whole if it had been quoted.
func typedValue(words []string) (string, bool) {
	if len(words) == 0 || !isType(words[0]) {
		return written(words)
	}
	if len(words) == 1 {
		return "", false
	}
	return strings.Join(words[1:], " "), true
}

func isType(s string) bool {
	if len(s) < 2 || s[0] != '-' {
		return false
	}
	for _, t := range [...]string{
		"string", "data", "int", "integer", "float", "bool", "boolean", "date",
		"array", "array-add", "dict", "dict-add",
	} {
		if strings.EqualFold(s[1:], t) {
			return true
		}
	}
	return false
}

// replace is a write of a whole domain: the keys in the dictionary are set, all others
// go. A domain without a hook after it is a removal of hooks, as with delete.
func (c *defaultsCommand) replace(arg string) {
	d, broken := dictionary(arg)
	facts := c.fromDictionary(d)
	for i := range facts {
		c.add(facts[i])
	}
	switch {
	case !c.target.relevant:
	case broken:
		c.add(c.fact("write", Edit, ""))
	case d != nil && len(facts) == 0:
		c.add(c.fact("write", Remove, ""))
	}
}

func (c *defaultsCommand) fromDictionary(d map[string]any) []Fact {
	var facts []Fact
	for k, v := range d {
		if key := canonicalKey(k); key != "" {
			f := c.fact("write", Set, key)
			f.Value, f.HasValue = scalar(v)
			facts = append(facts, f)
		}
	}
	sort.Slice(facts, func(i, j int) bool {
		a, b := &facts[i], &facts[j]
		if a.Key != b.Key {
			return a.Key < b.Key
		}
		return a.Value < b.Value
	})
	return facts
}

func (c *defaultsCommand) rename() {
	if !c.target.hasKeys() || len(c.args) < 2 {
		return
	}
	from, to := c.args[0], c.args[1]
	if key := canonicalKey(from); key != "" {
		c.add(c.fact("rename", Remove, key))
	}
	if key := canonicalKey(to); key != "" {
		f := c.fact("rename", Set, key)
		f.Source = from
		c.add(f)
	}
}

func (c *defaultsCommand) importFile() {
	if !c.target.relevant || len(c.args) == 0 {
		return
	}
	f := c.fact("import", Import, "")
	f.SourceFile = sourceFile(&c.in, c.args[0])
	c.add(f)
}

// sourceFile resolves the name of a file that is read; "-" is stdin.
func sourceFile(in *Input, name string) string {
	if name == "-" {
		return name
	}
	if p := resolve(in, name); p != "" {
		return spell(p)
	}
	return name
}

func (c *defaultsCommand) remove(verb string) {
	if len(c.args) == 0 {
		if c.target.relevant {
			c.add(c.fact(verb, Remove, ""))
		}
		return
	}
	if !c.target.hasKeys() {
		return
	}
	for _, a := range c.args {
		if key := canonicalKey(a); key != "" {
			c.add(c.fact(verb, Remove, key))
		}
	}
}

// export writes a domain into a file, and the file may be one that loginwindow reads:
// then any domain will do to carry a hook there. Copies to elsewhere are backups.
func (c *defaultsCommand) export() {
	if len(c.args) == 0 || c.args[0] == "-" {
		return
	}
	t := fileTarget(&c.in, c.args[0])
	if !t.relevant || t.scope == Other || strings.EqualFold(t.plist, c.target.plist) {
		return
	}
	f := t.fact(toolDefaults, "export", Import, "")
	f.SourceFile = c.target.plist
	c.add(f)
}
