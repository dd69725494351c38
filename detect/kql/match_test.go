package kql

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"hooksnare/detect/eql"
)

// shell is the record that the tables look at.
var shell = record{
	"event.category": eql.String("process"),
	"event.type":     eql.Strings([]string{"start", "change"}),
	"process.name":   eql.String("bash"),
	"process.args":   eql.Strings([]string{"bash", "-c", "echo 1 and 2", "C:\\new", "what?", "5*5"}),
	"process.pid":    eql.Int(501),
	"load":           eql.Float(1.5),
	"trusted":        eql.Bool(true),
	"flags":          eql.List([]eql.Value{eql.Bool(false), eql.Int(7), eql.String("x")}),
	"id":             eql.String("501"),
	"said":           eql.String("true"),
	"empty":          eql.String(""),
	"text":           eql.String("two\nlines \"quoted\" é\U0001F600"),
	"odd`name":       eql.String("odd"),
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		query string
		want  bool
	}{
		{`process.name : bash`, true},
		{`process.name:bash`, true},
		{`process.name : "bash"`, true},
		{`process.name : Bash`, false}, // a keyword is case-sensitive
		{`process.name : bas`, false},
		{`"process.name" : bash`, true},
		{`missing : bash`, false},
		{`not missing : bash`, true},
		{`event.type : start and event.type : change`, true}, // met by different elements
		{`event.type : (start and change)`, true},
		{`event.type : (start and end)`, false},
		{`event.type : (end or change)`, true},
		{`event.type : (start and not end)`, true},
		{`event.type : (not start)`, false},
		{`event.type : (start and (end or not (end or other)))`, true},
		{`not event.type : start`, false},
		{`not event.type : (end or stop)`, true},
		{`missing : (not start)`, true},

		// precedence, and the words in any case
		{`process.name : bash or process.name : sh and missing : x`, true},
		{`(process.name : bash or process.name : sh) and missing : x`, false},
		{`not process.name : bash or process.name : bash`, true},
		{`not (process.name : bash or process.name : bash)`, false},
		{`not missing : x and process.name : bash`, true},
		{`not not process.name : bash`, true},
		{`process.name : sh OR process.name : bash`, true},
		{`process.name : bash And Not missing : x`, true},
		{`process.name : (SH oR bash)`, true},

		// wildcards
		{`process.name : b*`, true},
		{`process.name : *h`, true},
		{`process.name : *a*h*`, true},
		{`process.name : B*`, false},
		{`process.name : b?sh`, false}, // no wildcard
		{`process.name : "b*"`, false}, // in quotes neither
		{`process.args : what?`, true},
		{`process.args : w*t?`, true},
		{`process.args : wh*?`, true},
		{`process.args : what*?*`, true},
		{`process.args : ech*?`, false},
		{`process.args : 5\*5`, true},
		{`process.args : "5*5"`, true},
		{`process.args : *\*5`, true},
		{`process.args : 4\*5`, false},
		{`process.args : \**`, false},
		{`text : two*`, true}, // over line breaks
		{`text : *lines*é*`, true},
		{`text : **`, true},
		{`process.pid : 50*`, false}, // numbers have no pattern
		{`missing : **`, false},

		// words without quotes are one value
		{`process.args : echo 1 \and 2`, true},
		{`process.args : (echo 1 \AND 2)`, false},
		{`process.args : echo  1 \and 2`, false},
		{`process.args : echo 1 *2 and process.name : bash`, true},
		{`process.args : (x or echo*1 \and 2 or y)`, true},

		// escapes
		{`process.args : "C:\\new"`, true},
		{`process.args : C\:\\new`, true},
		{`process.args : "C:\new"`, false}, // a line break
		{`text : "two\nlines \"quoted\" \u00e9\uD83D\uDE00"`, true},
		{`text : two\nlines \"quoted\" \u00E9\ud83d\ude00`, true},
		{"text : \"two\nlines \\\"quoted\\\" é\U0001F600\"", true},
		{"`odd`name`: odd", false},
		{"odd`name : odd", true},
		{`process.n\u0061me : bash`, true},

		// existence
		{`process.name : *`, true},
		{`event.type:*`, true},
		{`empty : *`, true},
		{`missing : *`, false},
		{`not missing : *`, true},
		{`process.pid : (*)`, true},
		{`process.name : (sh or *)`, true},
		{`empty : ""`, true},
		{`missing : ""`, false},
		{`process.name : "*"`, false},

		// numbers and booleans
		{`process.pid : 501`, true},
		{`process.pid : "501"`, true},
		{`process.pid : 501.0`, true},
		{`process.pid : 5.01e2`, true},
		{`process.pid : 0x1f5`, false},
		{`process.pid : -501`, false},
		{`id : 501`, true},
		{`id : 501.0`, false}, // not the same string
		{`load : 1.5`, true},
		{`load : (1 or 2)`, false},
		{`trusted : true`, true},
		{`trusted : "true"`, true},
		{`trusted : false`, false},
		{`trusted : TRUE`, false},
		{`not trusted : false`, true},
		{`said : true`, true},
		{`flags : (7 and false and x)`, true},
		{`flags : true`, false},

		// ranges
		{`process.pid >= 501`, true},
		{`process.pid > 501`, false},
		{`process.pid<1000`, true},
		{`process.pid <= "501"`, true},
		{`process.pid > 500 and process.pid < 502`, true},
		{`process.pid > -1`, true},
		{`missing > 0`, false},
		{`not missing > 0`, true},
		{`load > 1`, true},
		{`flags >= 7`, true},
		{`process.name > b`, true},
		{`process.name > "c"`, false},
		{`id > 5`, true},  // a string: byte by byte
		{`id > 6`, false}, // the same
		{`process.pid > abc`, false},

		// layout
		{"\n\tprocess.name\n:\n( sh\n or bash )\r\nand\u00a0not\tmissing:x ", true},
		{`process.name:(sh or bash)and(not(missing:x))`, true},
		{`process.name:bash and not(missing:x)`, true},
	} {
		if got := matcher(t, c.query).Match(shell); got != c.want {
			t.Errorf("%s: got %v, want %v", c.query, got, c.want)
		}
	}
}

// TestLongLists looks for each of many values in the lists that they are cut into.
func TestLongLists(t *testing.T) {
	var list []string
	for i := range maxValues - 1 {
		list = append(list, fmt.Sprintf("value%d", i))
	}
	m := matcher(t, "f : ("+strings.Join(list, " or ")+" or *pattern)")
	for _, text := range []string{"value0", "value2499", "value2500", "value9998", "a pattern"} {
		if !m.Match(record{"f": eql.String(text)}) {
			t.Errorf("%s: got no match in the list", text)
		}
	}
	if m.Match(record{"f": eql.String("value9999")}) {
		t.Error("value9999: got a match, want none")
	}
	m = matcher(t, "f : ("+strings.Repeat("1 or ", maxValues-1)+"2)") // each a string and a number
	if !m.Match(record{"f": eql.Int(2)}) || !m.Match(record{"f": eql.String("2")}) || m.Match(record{"f": eql.Int(3)}) {
		t.Error("numbers: got a list that does not hold 1 and 2 alone")
	}
	big := strings.Repeat(`\"`, maxValue-2)
	m = matcher(t, `f : ("`+big+`" or "x`+big[:30<<10]+`" or *`+strings.Repeat("y", 1000)+`*)`)
	for text, want := range map[string]bool{strings.Repeat(`"`, maxValue-2): true, strings.Repeat("y", 1000): true, `"`: false} {
		if got := m.Match(record{"f": eql.String(text)}); got != want {
			t.Errorf("value of %d bytes: got %v, want %v", len(text), got, want)
		}
	}
}

func TestUnknownField(t *testing.T) {
	q := parse(t, "a : 1 and\n  (c : 2 or b : 3)")
	_, err := Compile(q, func(name string) (eql.Field[record], bool) {
		f, _ := anyField(name)
		return f, name == "a"
	})
	e, ok := err.(*Error)
	if !ok || *e != (Error{Line: 2, Col: 4, Msg: "unknown field: c"}) {
		t.Errorf("got %v, want 2:4: unknown field: c", err)
	}
}

func TestConcurrentMatch(t *testing.T) {
	m := matcher(t, `process.name : (b* or c*?) and process.args : "-c" and not process.args : (*x* or y*)`)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				if !m.Match(shell) {
					t.Error("got no match")
					return
				}
			}
		})
	}
	all.Wait()
}

func TestMatchAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes pools allocate")
	}
	for _, query := range []string{
		`process.name : (sh or bash or zsh) and process.args : "-c" and not process.args : (*pip* or *brew*)`,
		`process.pid >= 5 and trusted : true and missing : * or event.type : (start and change)`,
		`process.args : w*t? and process.args : 5\*5`,
	} {
		m := matcher(t, query)
		if n := testing.AllocsPerRun(100, func() { m.Match(shell) }); n != 0 {
			t.Errorf("%s: got %v allocations a match, want none", query, n)
		}
	}
}
