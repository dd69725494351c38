package rules

import (
	"bytes"
	"errors"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2/unstable"
)

// Bounds of a TOML text, far above what people write. The time to look for keys that come
// twice grows with the square of their number: 4,000 take 30 ms.
const (
	maxNesting = 32 // arrays and inline tables within each other
	maxParts   = 16 // of one dotted key
	maxKeys    = 4000
)

// kind is the type of a value, in the words of errors.
type kind string

const (
	kindString kind = "string"
	kindInt    kind = "integer"
	kindBool   kind = "boolean"
	kindOther  kind = "number or date" // neither of which any key here takes
	kindTable  kind = "table"
	kindTables kind = "array of tables"
	kindTexts  kind = "array of strings"
	kindEmpty  kind = "empty array"
	kindMixed  kind = "array of other values"
)

// item is one key of a text, or the header of one table.
type item struct {
	path  []string
	at    int // offset of the key
	value int // offset of the value, and
	end   int // of what follows it, if it is a string
	kind  kind
}

// findItems lists the keys of the text in their order, also those in inline tables.
func (d *document) findItems() error {
	var p unstable.Parser
	p.Reset(d.text)
	var table []string
	for p.NextExpression() {
		e := p.Expression()
		if e.Kind == unstable.KeyValue {
			if err := d.addPair(table, e, 0); err != nil {
				return err
			}
			continue
		}
		path, first, _ := keyPath(nil, e.Key())
		it := item{path: path, at: bytes.LastIndexByte(d.text[:first], '['), kind: kindTable}
		if e.Kind == unstable.ArrayTable {
			it.at, it.kind = it.at-1, kindTables
		}
		it.value = it.at
		if err := d.addItem(it); err != nil {
			return err
		}
		table = path
	}
	var refused *unstable.ParserError
	if errors.As(p.Error(), &refused) {
		return d.fault(int(p.Range(refused.Highlight).Offset), "%s", refused.Message)
	}
	return p.Error()
}

// addPair adds a key and its value, which is depth arrays and inline tables deep.
func (d *document) addPair(table []string, pair *unstable.Node, depth int) error {
	path, first, end := keyPath(table, pair.Key())
	raw := pair.Value().Raw
	it := item{path: path, at: first, end: int(raw.Offset + raw.Length), kind: kindOf(pair.Value())}
	rest := bytes.TrimLeft(d.text[end:], " \t=")
	it.value = len(d.text) - len(rest)
	if err := d.addItem(it); err != nil {
		return err
	}
	return d.addWithin(it, pair.Value(), depth)
}

// addWithin adds the keys in the value of an item, which stand below the item's own.
func (d *document) addWithin(it item, value *unstable.Node, depth int) error {
	if value.Kind != unstable.Array && value.Kind != unstable.InlineTable {
		return nil
	}
	if depth == maxNesting {
		return d.fault(it.value, "arrays and tables nested more than %d deep", maxNesting)
	}
	children := value.Children()
	for children.Next() {
		child, err := children.Node(), error(nil)
		if child.Kind == unstable.KeyValue {
			err = d.addPair(it.path, child, depth+1)
		} else {
			err = d.addWithin(it, child, depth+1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *document) addItem(it item) error {
	switch {
	case len(d.items) == maxKeys:
		return d.fault(it.at, "more than %d keys", maxKeys)
	case len(it.path) > maxParts:
		return d.fault(it.at, "a key of more than %d parts", maxParts)
	}
	d.items = append(d.items, it)
	return nil
}

// keyPath returns the path of a key below a table, and where its text begins and ends.
func keyPath(table []string, key unstable.Iterator) (path []string, begin, end int) {
	path, begin = slices.Clip(table), -1
	for key.Next() {
		n := key.Node()
		path = append(path, string(n.Data))
		if begin < 0 {
			begin = int(n.Raw.Offset)
		}
		end = int(n.Raw.Offset + n.Raw.Length)
	}
	return path, begin, end
}

func kindOf(value *unstable.Node) kind {
	switch value.Kind {
	case unstable.String:
		return kindString
	case unstable.Integer:
		return kindInt
	case unstable.Bool:
		return kindBool
	case unstable.InlineTable:
		return kindTable
	case unstable.Array:
		return kindOfArray(value)
	}
	return kindOther
}

func kindOfArray(array *unstable.Node) kind {
	all := kindEmpty
	elements := array.Children()
	for elements.Next() {
		k := kindMixed
		switch elements.Node().Kind {
		case unstable.String:
			k = kindTexts
		case unstable.InlineTable:
			k = kindTables
		}
		if all != kindEmpty && all != k {
			return kindMixed
		}
		all = k
	}
	return all
}

// offset returns the offset of a line and a column, in bytes, both from 1.
func (d *document) offset(line, column int) int {
	at := 0
	for range line - 1 {
		at += bytes.IndexByte(d.text[at:], '\n') + 1
	}
	return at + column - 1
}

// within returns the offset in the text of a character of a string value: the one at a
// line and column, both from 1, of the decoded string.
//
// Escapes, line breaks after the quotes and joined lines make the text and the string
// differ. Only the parser knows how, so it is asked which part of the text is the string
// up to that character.
func (d *document) within(it *item, value string, line, column int) int {
	want := len(value)
	lines := strings.SplitAfterN(value, "\n", line+1)
	if line <= len(lines) {
		want = len(strings.Join(lines[:line-1], ""))
		for rest := value[want:]; column > 1 && rest != ""; column-- {
			_, n := utf8.DecodeRuneInString(rest)
			want, rest = want+n, rest[n:]
		}
	}
	text := string(d.text[it.value:it.end])
	quotes := text[:1]
	if long := strings.Repeat(quotes, 3); strings.HasPrefix(text, long) {
		quotes = long
	}
	inner := text[len(quotes) : len(text)-len(quotes)]
	beyond := sort.Search(len(inner)+1, func(n int) bool { return decodedLen(quotes, inner[:n]) > want })
	return it.value + len(quotes) + beyond - 1
}

// decodedLen returns the length of the string that the beginning of a string's text stands
// for. An escape or a character that is cut does not count.
func decodedLen(quotes, begin string) int {
	const longest = len(`\U0001F600`)
	var p unstable.Parser
	for cut := 0; cut < longest && cut <= len(begin); cut++ {
		p.Reset([]byte("x=" + quotes + begin[:len(begin)-cut] + quotes))
		if p.NextExpression() {
			return len(p.Expression().Value().Data)
		}
	}
	return 0
}
