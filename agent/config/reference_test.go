package config

import (
	"fmt"
	"strings"
	"testing"
)

// TestReference keeps packaging/CONFIGURATION.md equal to the tables in the code, and holds
// that every name is in it.
func TestReference(t *testing.T) {
	text := reference()
	golden(t, text, "..", "..", "..", "packaging", "CONFIGURATION.md")
	for _, k := range configKeys(&Config{}) {
		for _, name := range []string{k.name, k.flag, k.variableName()} {
			if !strings.Contains(text, "`"+name+"`") && name != "" {
				t.Errorf("%s is not documented", name)
			}
		}
	}
}

// reference returns packaging/CONFIGURATION.md.
func reference() string {
	var b strings.Builder
	b.WriteString("# Configuration\n\n")
	b.WriteString(`One property list, XML or binary. Each key is taken from the first of these that sets it:
a flag; the managed file ` + "`" + ManagedFile + "`" + `; the
environment; the local file ` + "`" + LocalFile + "`" + `; the
default. ` + "`--config FILE`" + ` replaces both files; that file may also be a configuration profile
(.mobileconfig, signed or not; the signature is not verified), whose payloads of ` + "`" + Domain + "`" + `
count. A list counts as a whole: it is not added to the
list of a later one.

These files, rules, tokens, keys and certificates, the state folder and logs, and every folder
and link on the way to them must belong to root, to whoever runs the command, or to the owner
of ` + "`--root`" + `, and nobody else may write them. A folder with the sticky bit, such as /tmp, may be
written by others. No file may be a link or have a second name.

In the environment, the strings of a list are separated by colons, and an empty variable
counts as not set. ` + "`--rules`" + ` may be given more than once. Paths are absolute; only flags may be
relative to the working directory. With ` + "`--root`" + `, the two files and every path in a property
list but those of ExtraHomes lie below it, and no link leads out of it; paths in flags and in
the environment do not. EsloggerPath in the files of such a disk is ignored, and syslog, which
is this machine's, is not a default output.

A running agent takes over a change of these files within ten seconds, whole or not at all: while a
file has a fault, what was in force before stays in force, also over a restart, and the condition
` + "`configuration`" + ` says why. A change of a key whose meaning ends with "starts the sensors again" has
eslogger and the watch of preferences start again, within a second or two: commands of that moment are
not seen, changes of preferences are. Flags and variables count as they were when the agent started.

`)
	b.WriteString("| key | flag | environment | type, unit | default | meaning |\n|---|---|---|---|---|---|\n")
	for _, k := range configKeys(&Config{}) {
		kind := k.kind
		if k.unit != "" {
			kind += ", " + k.unit
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n",
			code(k.name), code(k.flag), code(k.variableName()), kind, k.defaultText, k.doc+map[bool]string{true: "; a change starts the sensors again"}[k.restarts])
	}
	b.WriteString("\nAn exception is a dictionary. `Exceptions` replaces the preset for Jamf Pro; an element\n" +
		"`{Preset = jamf}` keeps it.\n\n")
	writeMembers(&b, (&Exception{}).memberKeys())
	b.WriteString("\n`Require` is a dictionary of:\n\n")
	writeMembers(&b, (&Require{}).memberKeys())
	fmt.Fprintf(&b, "\nMore exceptions are read from `%s`: a property\n"+
		"list that holds `Exceptions` and nothing else, the same dictionaries, which `hooksnare allow`\n"+
		"keeps. They are added to the configuration's, wherever that is from, and each ID may be used\n"+
		"once. File and folder must belong to root, and nobody else may write them. A running agent\n"+
		"applies changes within seconds.\n", ExceptionsFile)
	b.WriteString(labels)
	b.WriteString(proxies)
	b.WriteString("\nAn output is a dictionary. At least one must be enabled. Secrets are never values, only\npaths of files.\n\n")
	writeMembers(&b, (&Output{}).memberKeys())
	b.WriteString("\nEvery type takes `Name`, `Type`, `MinSeverity` and `Enabled`; beside these:\n\n" +
		"| type | must have | may have | meaning |\n|---|---|---|---|\n")
	for i := range outputTypes {
		t := &outputTypes[i]
		may := make([]string, len(t.others))
		for j, name := range t.others {
			may[j] = code(name)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", code(t.name), code(t.target), strings.Join(may, ", "), t.doc)
	}
	return b.String()
}

const labels = `
` + "`Labels`" + ` are in alerts, updates, summaries and heartbeats, and in what ` + "`hooksnare scan`" + ` prints; ` + "`replay`" + ` leaves
them out, as a recording may be of another Mac. A document has the labels that were in force when it was made.
`

const proxies = `
` + "`Proxy`" + ` is for all outputs elsewhere, asked for a tunnel (CONNECT) in which TLS goes on to the receiver; one
whose URL is https proves its own name as well, by the system's authorities or those in the output's CAFile.
An address of this Mac is never reached through it, and neither is what ` + "`NoProxy`" + ` names. The ` + "`Proxy`" + ` of an
output counts for this output in any case, and is the only one for it; ` + "`none`" + ` means that there is none. Without a
key, HTTP types use ` + "`HTTPS_PROXY` and `NO_PROXY`" + ` of the agent's environment, which is empty under launchd unless
EnvironmentVariables of its job fills it. A proxy that wants a user and password can't be named, as everybody could
read them here: have it admit the Mac without, or name one on the Mac (http://127.0.0.1:3128) that logs in to it.
`

// writeMembers writes the table of a dictionary's members.
func writeMembers(b *strings.Builder, keys []key) {
	b.WriteString("| member | type | meaning |\n|---|---|---|\n")
	for _, k := range keys {
		fmt.Fprintf(b, "| %s | %s | %s |\n", code(k.name), k.kind, k.doc)
	}
}

// code returns a name in the type of names, nothing for none.
func code(name string) string {
	if name == "" {
		return ""
	}
	return "`" + name + "`"
}
