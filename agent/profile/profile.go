// Package profile writes what an admin uploads to an MDM: configuration profiles that let the agent
// see, keep it running and configure it, and forms for settings. The same input gives the same bytes.
package profile

import (
	"crypto/sha1"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"howett.net/plist"

	"hooksnare/agent/config"
)

// What the agent is on a Mac.
const (
	Program = "/Library/Application Support/Hooksnare/hooksnare" // where it is installed
	label   = config.Domain                                      // of its launchd job, and its signing identifier
)

// maxOrganization bounds the name of an organization, in bytes.
const maxOrganization = 256

// Options are what the profiles of one organization have in common.
type Options struct {
	Organization string // "" for none
}

func (o Options) check() error {
	switch s := o.Organization; {
	case len(s) > maxOrganization:
		return fmt.Errorf("--organization: expected at most %d bytes, found %d", maxOrganization, len(s))
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return errors.New("--organization: expected a name without control characters")
	}
	return nil
}

// payload is one dictionary of a profile's content.
type payload struct {
	kind   string // its PayloadType
	values map[string]any
}

// encode returns a profile with one payload. Its name becomes part of identifiers, its title is what
// people see.
func (o Options) encode(name, title, description string, p payload) ([]byte, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	identifier := label + "." + name
	p.values = o.describe(p.values, p.kind, identifier+".payload", title)
	top := o.describe(map[string]any{
		"PayloadContent": []any{p.values}, "PayloadDescription": description, "PayloadScope": "System",
	}, "Configuration", identifier, title)
	return encode(top)
}

// describe adds what a profile and each of its payloads say about themselves.
func (o Options) describe(values map[string]any, kind, identifier, title string) map[string]any {
	all := maps.Clone(values)
	all["PayloadType"], all["PayloadVersion"], all["PayloadDisplayName"] = kind, 1, title
	all["PayloadIdentifier"], all["PayloadUUID"] = identifier, stableUUID(identifier, o.Organization)
	if o.Organization != "" {
		all["PayloadOrganization"] = o.Organization
	}
	return all
}

// namespace is the version 5 UUID of the launchd label in the namespace of DNS names (RFC 9562, 6.6).
var namespace = versionFive([16]byte{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}, label)

// stableUUID returns a UUID that is the same for the same payload of the same organization: an MDM
// then replaces a profile instead of adding another.
func stableUUID(identifier, organization string) string {
	u := versionFive(namespace, identifier+"\x00"+organization)
	return fmt.Sprintf("%X-%X-%X-%X-%X", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// versionFive returns the UUID of a name in a namespace (RFC 9562, 5.5), which SHA-1 makes.
func versionFive(space [16]byte, name string) (u [16]byte) {
	sum := sha1.Sum(append(space[:], name...))
	copy(u[:], sum[:])
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	return u
}

// encode returns a property list as XML.
func encode(top any) ([]byte, error) {
	b, err := plist.MarshalIndent(top, plist.XMLFormat, "\t")
	if err != nil {
		return nil, fmt.Errorf("property list: %w", err)
	}
	return append(b, '\n'), nil
}

var (
	teamPattern   = regexp.MustCompile(`^[A-Z0-9]{10}$`)
	cdhashPattern = regexp.MustCompile(`^[0-9A-Fa-f]{40}$`)
)

func checkTeam(team string) error {
	if team != "" && !teamPattern.MatchString(team) {
		return fmt.Errorf("--team %q: expected ten capital letters and digits, as Apple's developer account shows them", team)
	}
	return nil
}
