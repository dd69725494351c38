package config

import (
	"maps"
	"slices"
	"strings"

	"hooksnare/detect/rules"
	"hooksnare/pkg/event"
	"hooksnare/pkg/logfile"
	"hooksnare/pkg/spool"
)

var outputMembers = []member{
	{"Name", "string", "letters, digits, `.` `_` `-`; unique; the type where it is absent"},
	{"Type", "string", "required, see below"},
	{"URL", "string", "where to post to: https, or http to a loopback address; no user or password in it"},
	{"Address", "string", "`host:port`"},
	{"Path", "string", "the file to append to"},
	{"MinSeverity", "string", "`low`, `medium`, `high` or `critical`: the least severe alert to send; `low` where it is absent"},
	{"TokenFile", "string", "file that holds the token, owned by root, mode 0600"},
	{"CAFile", "string", "file of PEM certificates to trust instead of the system's"},
	{"CertificateFile", "string", "PEM client certificate, together with KeyFile"},
	{"KeyFile", "string", "its PEM key, owned by root, mode 0600"},
	{"Headers", "dictionary of strings", "further HTTP headers; no secrets"},
	{"Index", "string", "name of the data stream"},
	{"Enabled", "boolean", "true where it is absent"},
}

// severities are what MinSeverity takes, the least first, as a person is told.
var severities = event.Severities()

// outputType is a way to deliver alerts.
type outputType struct {
	name   string
	target string   // the member that says where to, "" for none
	others []string // further members it takes, beside commonMembers
	doc    string
}

var commonMembers = []string{"Name", "Type", "MinSeverity", "Enabled"}

var (
	tlsMembers  = []string{"CAFile", "CertificateFile", "KeyFile"}
	httpMembers = append([]string{"TokenFile", "Headers"}, tlsMembers...)
)

var outputTypes = []outputType{
	{"file", "Path", nil, "JSON Lines, rotated"},
	{"syslog", "", nil, "syslog(3) of this machine; best effort"},
	{"https", "URL", httpMembers, "posts NDJSON; any 2xx acknowledges the batch"},
	{"elasticsearch", "URL", append([]string{"Index"}, httpMembers...), "`_bulk` of Elasticsearch or OpenSearch"},
	{"splunk_hec", "URL", httpMembers, "Splunk's HTTP Event Collector"},
	{"otlp", "URL", httpMembers, "OTLP/HTTP logs in JSON"},
	{"syslog_tls", "Address", tlsMembers, "RFC 5424 over TLS; best effort"},
	{"relp", "Address", tlsMembers, "RELP over TLS"},
}

// takes says whether the type has a use for the member.
func (t *outputType) takes(name string) bool {
	return name == t.target || slices.Contains(commonMembers, name) || slices.Contains(t.others, name)
}

// outputs returns the outputs of an array that are right. When not one of them can be
// used the array is not to be used: alerts then still go where they would without it.
func (v value) outputs() ([]Output, bool) {
	elements, ok := v.list("dictionaries")
	if !ok {
		return nil, false
	}
	all := make([]Output, 0, len(elements))
	var seen []Output // right or wrong
	wrong, enabled := 0, 0
	for _, e := range elements {
		o, ok := e.output()
		ok = e.distinct(seen, &o) && ok
		seen = append(seen, o)
		if ok && o.Enabled && enabled == spool.MaxOutputs {
			ok = e.fail("expected at most %d outputs that are enabled", spool.MaxOutputs)
		}
		if !ok {
			wrong++
			continue
		}
		if o.Enabled {
			enabled++
		}
		all = append(all, o)
	}
	if enabled == 0 && wrong == 0 {
		return nil, v.fail("expected at least one output that is enabled: no alert would reach anyone")
	}
	return all, enabled > 0
}

// distinct tells of what an output has in common with an earlier one.
func (v value) distinct(earlier []Output, o *Output) bool {
	name := slices.IndexFunc(earlier, func(e Output) bool { return o.Name != "" && spool.SameName(e.Name, o.Name) })
	if name >= 0 {
		v.fail("the Name %s is that of %s already", quote(o.Name), earlier[name].Key)
	}
	path := slices.IndexFunc(earlier, func(e Output) bool { return o.Path != "" && e.Path != "" && logfile.Overlap(e.Path, o.Path) })
	if path >= 0 {
		v.fail("the Path %s is that of %s already, or of a file that one of the two is put aside to", quote(o.Path), earlier[path].Key)
	}
	return name < 0 && path < 0
}

// outsideState leaves out the outputs that would write where the agent keeps its state, and
// returns what is wrong with them. A log of its own name may lie in that folder.
func (c *Config) outsideState(sources Sources) Errors {
	var wrong Errors
	keep := c.Outputs[:0:0]
	for _, o := range c.Outputs {
		inner, in := strings.CutPrefix(strings.ToLower(o.Path), strings.ToLower(c.StateDir)+"/")
		if own := !strings.Contains(inner, "/") && (strings.HasSuffix(inner, ".jsonl") || strings.HasSuffix(inner, ".log")); in && !own {
			wrong = append(wrong, sources.Problem(join(o.Key, "Path"), "lies in the state folder "+quote(c.StateDir)+", whose files are the agent's own: name another folder"))
			continue
		}
		keep = append(keep, o)
	}
	if c.Outputs = keep; !slices.ContainsFunc(keep, func(o Output) bool { return o.Enabled }) {
		c.Outputs = below(c.Root).Outputs
	}
	return wrong
}

// output returns one output.
func (v value) output() (Output, bool) {
	none := Output{Key: v.key}
	m, ok := v.members(names(outputMembers))
	if m == nil {
		return none, false
	}
	t, found := v.outputType(m)
	if !found {
		return none, false
	}
	o := Output{Key: v.key, Name: t.name, Type: t.name, MinSeverity: severities[0], Enabled: true}
	if _, found := m[t.target]; t.target != "" && !found {
		ok = v.fail("an output of type %s needs %s", t.name, t.target)
	}
	read := map[string]bool{} // by member, whether it could be read
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if !t.takes(name) {
			ok = m[name].fail("an output of type %s has no use for it", t.name)
			continue
		}
		read[name] = m[name].outputMember(name, &o)
		ok = ok && read[name]
	}
	ok = v.accepted(&o, read) && ok
	o.Headers = canonicalHeaders(o.Headers)
	return o, ok
}

// outputType returns the type that an output with these members is of.
func (v value) outputType(m map[string]value) (*outputType, bool) {
	known := make([]string, len(outputTypes))
	for i := range outputTypes {
		known[i] = outputTypes[i].name
	}
	t, found := m["Type"]
	if !found {
		return nil, v.fail("needs Type (%s)", strings.Join(known, ", "))
	}
	name, isString := t.raw.(string)
	if i := slices.Index(known, name); i >= 0 {
		return &outputTypes[i], true
	}
	if near := nearest(name, known); isString && near != "" {
		return nil, t.fail("%s", unknown("type", name, known))
	}
	return nil, t.expected("one of " + strings.Join(known, ", "))
}

// outputMember reads the named member into o.
func (v value) outputMember(name string, o *Output) (ok bool) {
	switch name {
	case "Name":
		o.Name, ok = v.outputName()
	case "Type":
		ok = true
	case "URL":
		v.secret = true // it may hold the secret that an error would be about
		o.URL, ok = v.text("an https URL")
	case "Address":
		o.Address, ok = v.text("host:port, such as logs.example.com:6514")
	case "Path":
		o.Path, ok = v.filePath("a file")
	case "MinSeverity":
		o.MinSeverity, ok = v.severity()
	case "TokenFile":
		o.TokenFile, ok = v.secretPath("a file that holds the token")
	case "CAFile":
		o.CAFile, ok = v.filePath("a file of PEM certificates")
	case "CertificateFile":
		o.CertificateFile, ok = v.filePath("a PEM certificate")
	case "KeyFile":
		o.KeyFile, ok = v.secretPath("a PEM key")
	case "Headers":
		o.Headers, ok = v.headers()
	case "Index":
		o.Index, ok = v.text("the name of a data stream")
	case "Enabled":
		o.Enabled, ok = v.boolean()
	}
	return ok
}

// outputName returns a name that is safe as that of a folder, and that a condition can end
// in behind a dot.
func (v value) outputName() (string, bool) {
	s, ok := v.raw.(string)
	if !ok {
		return "", v.expected("a name")
	}
	if err := spool.CheckName(s); err != nil {
		return "", v.fail("%v", err)
	}
	if strings.HasPrefix(s, ".") {
		return "", v.expected("a name that does not begin with a dot")
	}
	return s, true
}

// secretPath returns the path of a file that holds a secret. The value is kept out of
// errors, in case it is the secret.
func (v value) secretPath(what string) (string, bool) {
	v.secret = true
	return v.filePath(what)
}

// severity returns one of the severities.
func (v value) severity() (string, bool) {
	s, _ := v.raw.(string)
	if rules.Severity(s).Number() == 0 {
		return "", v.expected("one of " + strings.Join(severities, ", "))
	}
	return s, true
}
