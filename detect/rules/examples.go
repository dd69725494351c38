package rules

import (
	"fmt"
	"path"
	"slices"
)

// Example is a command, or a condition of the sensor, and what is to come of it. What a
// file leaves out is as on any Mac: the tool at its own place with its own signature,
// run by root, in the root folder.
type Example struct {
	Fires bool // false: nothing is to be said of it, by any rule

	Command    []string // arguments, with argv[0]
	Executable string   // "": the program that a shell finds under the name in Command[0]
	SigningID  string   // "": the genuine program's
	Unsigned   bool
	UID        uint32
	Home       string // "": not known
	CWD        string

	State string // instead of Command
	Ended bool   // the condition is over, and its beginning was not seen

	// What an alert says; "" is what it does not tell.
	Operation, Key, Plist, Scope, Source, SourceFile string
	Value                                            *string
}

// Program returns the path of the program that runs.
func (e *Example) Program() string {
	if e.Executable != "" {
		return e.Executable
	}
	switch name := e.Command[0]; {
	case path.IsAbs(name):
		return name
	case name == "PlistBuddy":
		return "/usr/libexec/PlistBuddy" // in no one's search path, but everyone's example
	default:
		return "/usr/bin/" + path.Base(name)
	}
}

// exampleFile is the TOML shape.
type exampleFile struct {
	Fires  []exampleEntry `toml:"fires"`
	Silent []exampleEntry `toml:"silent"`
}

type exampleEntry struct {
	Command    []string `toml:"command"`
	Executable string   `toml:"executable"`
	SigningID  string   `toml:"signing_id"`
	Unsigned   bool     `toml:"unsigned"`
	UID        uint32   `toml:"uid"`
	Home       string   `toml:"home"`
	CWD        string   `toml:"cwd"`
	State      string   `toml:"state"`
	Ended      bool     `toml:"ended"`
	Operation  string   `toml:"operation"`
	Key        string   `toml:"key"`
	Value      *string  `toml:"value"`
	Plist      string   `toml:"plist"`
	Scope      string   `toml:"scope"`
	Source     string   `toml:"source"`
	SourceFile string   `toml:"source_file"`
}

// ParseExamples reads a file of examples. The error joins an *Error for each fault.
func ParseExamples(s Source) ([]Example, error) {
	var f exampleFile
	d, err := open(s.Name, s.Text, &f)
	if err != nil {
		return nil, err
	}
	var out []Example
	for _, list := range [...]struct {
		name    string
		entries []exampleEntry
	}{{"fires", f.Fires}, {"silent", f.Silent}} {
		for i, e := range list.entries {
			x := e.example(list.name == "fires")
			if why := x.fault(); why != "" {
				d.faults = append(d.faults, &Error{File: s.Name, Why: fmt.Sprintf("%s[%d]: %s", list.name, i, why)})
			}
			out = append(out, x)
		}
	}
	if err := d.err(); err != nil {
		return nil, err
	}
	return out, nil
}

func (e exampleEntry) example(fires bool) Example {
	return Example{
		Fires: fires, Command: e.Command, Executable: e.Executable, SigningID: e.SigningID, Unsigned: e.Unsigned,
		UID: e.UID, Home: e.Home, CWD: e.CWD, State: e.State, Ended: e.Ended,
		Operation: e.Operation, Key: e.Key, Value: e.Value, Plist: e.Plist, Scope: e.Scope,
		Source: e.Source, SourceFile: e.SourceFile,
	}
}

// fault returns what is wrong with an example, "" for nothing.
func (e *Example) fault() string {
	told := e.Operation != "" || e.Key != "" || e.Value != nil || e.Plist != "" || e.Scope != "" || e.Source != "" || e.SourceFile != ""
	switch {
	case len(e.Command) == 0 && e.State == "":
		return "neither a command nor a state"
	case len(e.Command) > 0 && e.State != "":
		return "both a command and a state"
	case e.State != "" && told:
		return "a state says nothing of a hook"
	case e.State == "" && e.Ended:
		return "ended: only a state ends"
	case !e.Fires && told:
		return "what is silent says nothing of a hook"
	case e.Fires && e.Ended:
		return "a state that has ended without having begun is silent"
	case e.Fires && e.State == "" && !slices.Contains([]string{"set", "remove", "import", "edit"}, e.Operation):
		return fmt.Sprintf("operation %q: want set, remove, import or edit", e.Operation)
	case e.Unsigned && e.SigningID != "":
		return "unsigned, but with a signing_id"
	}
	return ""
}
