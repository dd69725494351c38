package config

import (
	"errors"
	"maps"
	"net/textproto"
	"slices"
	"strings"

	"hooksnare/pkg/forward"
	"hooksnare/pkg/logfile"
	"hooksnare/pkg/safefile"
)

// Receiver returns what the output says of a receiver that is not this machine, for
// [forward.New]. Its files are read from the disk; host and version are the caller's.
func (o *Output) Receiver(d safefile.Disk) forward.Config {
	return forward.Config{
		Name: o.Name, Type: o.Type, URL: o.URL, Address: o.Address, TokenFile: o.TokenFile, CAFile: o.CAFile,
		CertificateFile: o.CertificateFile, KeyFile: o.KeyFile, Headers: o.Headers, Index: o.Index,
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

// Local reports whether the output is on this machine, as far as is known.
func (o *Output) Local() bool { return o.Type == "file" || o.Type == "syslog" }

// accepted asks whoever delivers to the output whether it can. read has the members that
// are written, and whether they could be read: of one that could not, all is said.
func (v value) accepted(o *Output, read map[string]bool) bool {
	if o.Type == "file" && read["Path"] {
		if err := logfile.CheckPath(o.Path); err != nil {
			return v.member("Path").fail("%v", err)
		}
	}
	if o.Local() {
		return true
	}
	receiver := o.Receiver(safefile.Disk{})
	faults, _ := errors.AsType[forward.Faults](receiver.Check())
	ok := true
	for _, f := range faults {
		top, _, _ := strings.Cut(f.Member, ".")
		if _, written := read[other[top]]; written || !read[top] && top != "Headers" {
			continue
		}
		ok = v.member(f.Member).fail("%s", f.Why)
	}
	return ok
}

// other has the members that need each other.
var other = map[string]string{"CertificateFile": "KeyFile", "KeyFile": "CertificateFile"}

// member returns a member of the value, to name it in an error.
func (v value) member(name string) value {
	return value{origin: v.origin, key: join(v.key, name)}
}

// headers returns the texts of HTTP headers by their names. What may be in them is for the
// sender to say.
func (v value) headers() (map[string]string, bool) {
	d, ok := v.raw.(map[string]any)
	if !ok {
		return nil, v.expected("a dictionary of strings")
	}
	if len(d) > maxElements {
		return nil, v.fail("expected at most %d elements, found %d", maxElements, len(d))
	}
	out := make(map[string]string, len(d))
	for _, name := range slices.Sorted(maps.Keys(d)) {
		h := value{origin: v.origin, key: join(v.key, name), raw: d[name], secret: true}
		text, good := h.raw.(string)
		if !good {
			ok = h.expected("a string")
			continue
		}
		out[name] = text
	}
	return out, ok
}

// canonicalHeaders returns headers, no two of which have the same name, by their
// canonical names.
func canonicalHeaders(headers map[string]string) map[string]string {
	if headers == nil {
		return nil
	}
	out := make(map[string]string, len(headers))
	for name, text := range headers {
		out[textproto.CanonicalMIMEHeaderKey(name)] = text
	}
	return out
}
