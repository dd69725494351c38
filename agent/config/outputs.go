package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"hooksnare/pkg/event"
	"hooksnare/pkg/forward"
	"hooksnare/pkg/logfile"
	"hooksnare/pkg/quote"
	"hooksnare/pkg/spool"
)

// memberKeys are the members of an output; what is decoded goes into o.
func (o *Output) memberKeys() []key {
	return []key{
		{name: "Name", kind: "string", doc: "letters, digits, `.` `_` `-`; unique; the type where it is absent",
			decode: storeIn(&o.Name, acceptedBy(readText("a name"), checkOutputName))},
		{name: "Type", kind: "string", doc: "required, see below", choices: typeNames(), decode: storeIn(&o.Type, oneOf(typeNames()...))},
		{name: "URL", kind: "string", doc: "where to post to: https, or http to a loopback address; no user or password in it",
			decode: storeIn(&o.URL, secretText(readText("an https URL")))},
		{name: "Address", kind: "string", doc: "`host:port`",
			decode: storeIn(&o.Address, readText("host:port, such as logs.example.com:6514"))},
		{name: "Path", kind: "string", doc: "the file to append to",
			decode: storeIn(&o.Path, acceptedBy(belowRoot(absoluteFile("a file")), logfile.CheckPath))},
		{name: "MinSeverity", kind: "string", doc: "`low`, `medium`, `high` or `critical`: the least severe alert to send; `low` where it is absent",
			choices: event.Severities(), decode: storeIn(&o.MinSeverity, oneOf(event.Severities()...))},
		{name: "TokenFile", kind: "string", doc: "file that holds the token, owned by root, mode 0600",
			decode: storeIn(&o.TokenFile, secretText(belowRoot(absoluteFile("a file that holds the token"))))},
		{name: "BasicAuthFile", kind: "string", doc: "file that holds `user:password` in one line, owned by root, mode 0600; instead of TokenFile",
			decode: storeIn(&o.BasicAuthFile, secretText(belowRoot(absoluteFile("a file that holds user:password"))))},
		{name: "CAFile", kind: "string", doc: "file of PEM certificates to trust instead of the system's",
			decode: storeIn(&o.CAFile, belowRoot(absoluteFile("a file of PEM certificates")))},
		{name: "CertificateFile", kind: "string", doc: "PEM client certificate, together with KeyFile",
			decode: storeIn(&o.CertificateFile, belowRoot(absoluteFile("a PEM certificate")))},
		{name: "KeyFile", kind: "string", doc: "its PEM key, owned by root, mode 0600",
			decode: storeIn(&o.KeyFile, secretText(belowRoot(absoluteFile("a PEM key"))))},
		{name: "Headers", kind: stringsByName, doc: "further HTTP headers; no secrets",
			decode: func(v value) bool { o.Headers = readHeaders(v); return true }},
		{name: "Index", kind: "string", doc: "name of the data stream",
			decode: storeIn(&o.Index, readText("the name of a data stream"))},
		{name: "Proxy", kind: "string", doc: "proxy for this output, instead of that for all, or `none`",
			decode: storeIn(&o.Proxy, readProxy)},
		{name: "Compression", kind: "string", choices: []string{"gzip", "none"}, doc: "`gzip` packs requests with more than 1 KiB of documents, `none` packs nothing, for receivers that answer 400 or 415 to gzip; `gzip` where it is absent",
			decode: storeIn(&o.Compression, oneOf(forward.Compressions...))},
		{name: "Enabled", kind: "boolean", doc: "true where it is absent",
			decode: storeIn(&o.Enabled, readBoolean)},
	}
}

// outputType is a way to deliver alerts.
type outputType struct {
	name   string
	target string   // the member that says where to, "" for none
	others []string // further members it takes, beside commonMembers
	doc    string
}

var (
	commonMembers = []string{"Name", "Type", "MinSeverity", "Enabled"}
	tlsMembers    = []string{"CAFile", "CertificateFile", "KeyFile", "Proxy"}
	httpMembers   = append([]string{"TokenFile", "Headers", "Compression"}, tlsMembers...)
	authMembers   = append([]string{"BasicAuthFile"}, httpMembers...)
)

var outputTypes = []outputType{
	{"file", "Path", nil, "JSON Lines, rotated"},
	{"syslog", "", nil, "syslog(3) of this machine; best effort"},
	{"https", "URL", authMembers, "posts NDJSON; any 2xx acknowledges the batch"},
	{"elasticsearch", "URL", append([]string{"Index"}, authMembers...), "`_bulk` of Elasticsearch or OpenSearch"},
	{"splunk_hec", "URL", httpMembers, "Splunk's HTTP Event Collector"},
	{"otlp", "URL", authMembers, "OTLP/HTTP logs in JSON"},
	{"syslog_tls", "Address", tlsMembers, "RFC 5424 over TLS; best effort"},
	{"relp", "Address", tlsMembers, "RELP over TLS"},
}

func typeNames() []string {
	names := make([]string, len(outputTypes))
	for i := range outputTypes {
		names[i] = outputTypes[i].name
	}
	return names
}

// takesMember reports whether the type has a use for the member.
func (t *outputType) takesMember(name string) bool {
	return name == t.target || slices.Contains(commonMembers, name) || slices.Contains(t.others, name)
}

// decodeOutputs takes the outputs of an array that are right. When not one of them can be
// used the array is not used: alerts then still go where they would without it.
func (c *Config) decodeOutputs(v value) bool {
	var all, seen []Output // right ones, and all
	enabled, before := 0, v.count
	for _, e := range v.decodeArray("dictionaries") {
		n := e.count
		o := e.decodeOutput()
		e.checkDistinct(seen, &o)
		seen = append(seen, o)
		if e.count == n && o.Enabled && enabled == spool.MaxOutputs {
			e.addFault("expected at most %d outputs that are enabled", spool.MaxOutputs)
		}
		if e.count > n {
			continue
		}
		if all = append(all, o); o.Enabled {
			enabled++
		}
	}
	if enabled == 0 && v.count == before {
		v.addFault("expected at least one output that is enabled: no alert would reach anyone")
	}
	if enabled == 0 {
		return false
	}
	c.Outputs = all
	return true
}

// checkDistinct adds what an output has in common with earlier ones.
func (v value) checkDistinct(earlier []Output, o *Output) {
	for i := range earlier {
		e := &earlier[i]
		if o.Name != "" && spool.SameName(e.Name, o.Name) {
			v.addFault("the Name %q is already used by %s", o.Name, e.Key)
		}
		if o.Path != "" && e.Path != "" && logfile.Overlap(e.Path, o.Path) {
			v.addFault("the Path %s collides with that of %s, or with a file that one of the two rotates to", quote.Bounded(o.Path, maxQuoted), e.Key)
		}
	}
}

// decodeOutput reads one output, also the members of a wrong one that are right.
func (v value) decodeOutput() Output {
	o := Output{Key: v.key, MinSeverity: "low", Enabled: true}
	v.decodeDictionary(o.memberKeys())
	members, isDictionary := v.raw.(map[string]any)
	if isDictionary && members["Type"] == nil {
		v.addFault("needs Type (%s)", strings.Join(typeNames(), ", "))
	}
	i := slices.Index(typeNames(), o.Type)
	if i < 0 {
		return o
	}
	t := &outputTypes[i]
	if members["Name"] == nil {
		o.Name = t.name
	}
	if t.target != "" {
		v.requireMembers(t.target)
	}
	for _, k := range o.memberKeys() {
		if members[k.name] != nil && !t.takesMember(k.name) {
			v.memberNamed(k.name).addFault("does not apply to an output of type %s", t.name)
		}
	}
	if o.Local() {
		return o
	}
	isFaulty := func(member string) bool {
		return slices.ContainsFunc(v.faults, func(e *Error) bool { return e.Key == joinKey(v.key, member) })
	}
	receiver := (&Config{}).Receiver(&o)
	faults, _ := errors.AsType[forward.Faults](receiver.Check())
	for _, f := range faults { // something was said before of what could not be read
		top, _, _ := strings.Cut(f.Member, ".")
		if members[top] != nil && !isFaulty(top) && !isFaulty(pairs[top]) {
			v.memberNamed(f.Member).addFault("%s", f.Why)
		}
	}
	return o
}

// pairs has the members that need each other.
var pairs = map[string]string{"CertificateFile": "KeyFile", "KeyFile": "CertificateFile"}

// checkOutputName reports why an output can't have a name, which becomes that of a folder and
// the end of a condition's, behind a dot.
func checkOutputName(name string) error {
	if strings.HasPrefix(name, ".") {
		return fmt.Errorf("expected a name that does not begin with a dot, found %s", quote.Bounded(name, maxQuoted))
	}
	return spool.CheckName(name)
}

// readHeaders reads the texts of HTTP headers by their names; the sender says what may be in them.
func readHeaders(v value) map[string]string {
	d, isDictionary := v.raw.(map[string]any)
	if !isDictionary {
		v.addMismatch("a dictionary of strings")
	}
	all := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(d)) {
		h := v.memberNamed(name)
		h.isSecret = true
		if header, isString := h.raw.(string); isString {
			all[name] = header
		} else {
			h.addMismatch("a string")
		}
	}
	return all
}

// Local reports whether the output is on this machine, as far as is known.
func (o *Output) Local() bool { return o.Type == "file" || o.Type == "syslog" }

// maxNamedFile bounds a token, key or certificate file, in bytes. The bundle of all
// public authorities is a quarter of it.
const maxNamedFile = 1 << 20

// Receiver returns what the configuration says of a receiver that is not this machine, for
// [forward.New]. Its files are read from the configuration's disk; host and version are the caller's.
func (c *Config) Receiver(o *Output) forward.Config {
	d := c.Disk()
	return forward.Config{
		Name: o.Name, Type: o.Type, URL: o.URL, Address: o.Address, TokenFile: o.TokenFile, BasicAuthFile: o.BasicAuthFile, CAFile: o.CAFile,
		CertificateFile: o.CertificateFile, KeyFile: o.KeyFile, Headers: o.Headers, Index: o.Index, Compression: o.Compression,
		Proxy: o.Proxy, SharedProxy: c.Proxy, NoProxy: c.NoProxy,
		ReadSecret: func(path string) ([]byte, error) {
			b, _, err := d.ReadSecret(path, maxNamedFile)
			return b, err
		},
		ReadTrusted: func(path string) ([]byte, error) {
			b, _, err := d.ReadTrusted(path, maxNamedFile)
			return b, err
		},
	}
}

// CheckFiles looks at the files that enabled outputs name: that they are there, that
// nobody else can write them or read the secret ones, and that they hold what they
// should. The sources are those of Load; they know where the names were written.
func (c *Config) CheckFiles(s Sources) error {
	var all []error
	for i := range c.Outputs {
		o := &c.Outputs[i]
		if !o.Enabled || o.Local() {
			continue
		}
		receiver := c.Receiver(o)
		faults, _ := errors.AsType[forward.Faults](receiver.CheckFiles())
		for _, f := range faults {
			all = append(all, s.Problem(joinKey(o.Key, f.Member), f.Why))
		}
	}
	return errors.Join(all...)
}

// outsideState leaves out the outputs that would write where the agent keeps its state, and
// returns what is wrong with them. A log with a name that is not the agent's may lie there.
func (c *Config) outsideState(sources Sources) []error {
	var wrong []error
	c.Outputs = slices.DeleteFunc(slices.Clone(c.Outputs), func(o Output) bool {
		inner, within := strings.CutPrefix(strings.ToLower(o.Path), strings.ToLower(c.StateDir)+"/")
		isLog := !strings.Contains(inner, "/") && (strings.HasSuffix(inner, ".jsonl") || strings.HasSuffix(inner, ".log"))
		if !within || isLog {
			return false
		}
		wrong = append(wrong, sources.Problem(joinKey(o.Key, "Path"), "lies in the state folder "+
			quote.Bounded(c.StateDir, maxQuoted)+", whose files are the agent's own: name another folder"))
		return true
	})
	if !slices.ContainsFunc(c.Outputs, func(o Output) bool { return o.Enabled }) {
		c.Outputs = defaultBelow(c.Root).Outputs
	}
	return wrong
}
