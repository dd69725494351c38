package agent

import (
	"bytes"
	"errors"
	"fmt"
	"path"

	"github.com/pelletier/go-toml/v2"
)

// example is something that happens on a Mac, and what is to come of it.
type example struct {
	Fires bool // false: nothing is to be said of it, by any rule
	exampleCase
}

// exampleCase is what happens, and what an alert says of it. What a file leaves out is as on any
// Mac: the tool at its own place with its own signature, run by root, in the root folder.
type exampleCase struct {
	Hooks []hookSetBefore `toml:"hooks"` // set when the agent starts

	Managed    bool     `toml:"managed"`    // Jamf manages the Mac, and its scripts are as it keeps them
	Excepted   string   `toml:"excepted"`   // the condition of an exception that is in force
	Command    []string `toml:"command"`    // arguments, with argv[0]
	Executable string   `toml:"executable"` // "": the program that a shell finds under the name in Command[0]
	Script     string   `toml:"script"`     // that was started as a program, and that Executable interprets
	Parent     string   `toml:"parent"`     // the program that starts it; "": a daemon's shell
	SigningID  string   `toml:"signing_id"` // "": the genuine program's
	Unsigned   bool     `toml:"unsigned"`
	UID        uint32   `toml:"uid"`
	Home       string   `toml:"home"` // "": not known
	CWD        string   `toml:"cwd"`

	// What is seen of the disk, or becomes of the sensor: one of these at most.
	Change        *exampleChange        `toml:"change"` // also after a command
	ProgramChange *exampleProgramChange `toml:"program_change"`
	Unreadable    *exampleUnreadable    `toml:"unreadable"`
	State         string                `toml:"state"`
	Detail        string                `toml:"detail"` // of the state

	Ended bool `toml:"ended"` // the state, or that the file can't be read, is over, and its beginning was not seen

	// What an alert says; "" is what it does not tell. Of a change these are the verdict, and
	// what a command before it says more than the change.
	Operation  string  `toml:"operation"`
	Key        string  `toml:"key"`
	Value      *string `toml:"value"`
	Plist      string  `toml:"plist"`
	Scope      string  `toml:"scope"`
	Source     string  `toml:"source"`
	SourceFile string  `toml:"source_file"`
	Verdict    string  `toml:"verdict"`
}

// hookSetBefore is a hook that is set.
type hookSetBefore struct {
	File    string `toml:"file"` // "": root's
	Key     string `toml:"key"`
	Value   string `toml:"value"`
	Program string `toml:"program"` // "": the value is a path without arguments
}

// exampleChange is a value in preferences that is not what it was.
type exampleChange struct {
	File  string  `toml:"file"` // "": root's
	Key   string  `toml:"key"`
	Old   *string `toml:"old"`   // nil: it was not there
	New   *string `toml:"new"`   // nil: it is not there any more
	Since string  `toml:"since"` // running, stopped or first_look; "": running
	After int     `toml:"after"` // seconds after the command; 0: one
}

// exampleProgramChange is a program that is not what it was when a hook had that value.
type exampleProgramChange struct {
	Value string   `toml:"value"`
	What  []string `toml:"what"`
	Since string   `toml:"since"` // running or stopped; "": running
}

// exampleUnreadable is a file, or a folder, that can't be read as it should.
type exampleUnreadable struct {
	Path   string `toml:"path"`
	Why    string `toml:"why"`
	Detail string `toml:"detail"`
}

// examplePreferences is the file where an example names none.
const examplePreferences = "/private/var/root/Library/Preferences/com.apple.loginwindow.plist"

// Plist returns the file that holds the hook.
func (h *hookSetBefore) Plist() string { return orRoots(h.File) }

// Plist returns the file that holds the value.
func (c *exampleChange) Plist() string { return orRoots(c.File) }

func orRoots(file string) string {
	if file == "" {
		return examplePreferences
	}
	return file
}

// Program returns the path of the program that runs.
func (e *exampleCase) Program() string {
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
	Fires  []exampleCase `toml:"fires"`
	Silent []exampleCase `toml:"silent"`
}

// parseExamples reads a file of examples.
func parseExamples(name string, text []byte) ([]example, error) {
	var f exampleFile
	if err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(&f); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var out []example
	var faults []error
	add := func(list string, fires bool, cases []exampleCase) {
		for i, c := range cases {
			x := example{fires, c}
			if why := x.fault(); why != "" {
				faults = append(faults, fmt.Errorf("%s: %s[%d]: %s", name, list, i, why))
			}
			out = append(out, x)
		}
	}
	add("fires", true, f.Fires)
	add("silent", false, f.Silent)
	if faults != nil {
		return nil, errors.Join(faults...)
	}
	return out, nil
}
