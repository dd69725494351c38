package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"hooksnare/pkg/plist"
	"hooksnare/pkg/quote"
)

// Domain is the preference domain of the configuration, and the type of its payload in a profile.
const Domain = "com.hooksnare.agent"

// mcxType is the payload that carries preferences of any domain, as older MDMs write it.
const mcxType = "com.apple.ManagedClient.preferences"

// Forms of a file that was named, where it is not the property list itself.
const (
	Profile       = "profile"
	SignedProfile = "signed profile" // nothing has verified the signature
)

// profileKeys is what a configuration profile says about itself. Whether macOS leaves it out
// of the file it writes from a profile is not established: either is accepted.
var profileKeys = []string{
	"PayloadDescription", "PayloadDisplayName", "PayloadEnabled", "PayloadIdentifier",
	"PayloadOrganization", "PayloadType", "PayloadUUID", "PayloadVersion",
}

// readTop returns what the content of a file says, out of the profile that a named file may be, and
// where each of it stands. Without a value a fault was added.
func (d *decoder) readTop(content []byte) (top any, ok bool) {
	if d.Layer == File && isDER(content) {
		inner, err := signedContent(content)
		if err != nil {
			d.addFaultAt("", 0, "neither a property list nor a signed profile: %v", err)
			return nil, false
		}
		content, d.Form = inner, SignedProfile
	}
	top, err := plist.Decode(content)
	if err != nil {
		d.addFileFault(err)
		return nil, false
	}
	d.lines = keyLines(content)
	dictionary, _ := top.(map[string]any)
	switch {
	case d.Layer == File && dictionary["PayloadType"] == "Configuration":
		if d.Form == "" {
			d.Form = Profile
		}
		return d.unwrapProfile(dictionary)
	case d.Layer == Managed:
		deleteProfileKeys(dictionary)
	}
	return top, true
}

func deleteProfileKeys(dictionary map[string]any) {
	for _, name := range profileKeys {
		delete(dictionary, name)
	}
}

// maxPayloads bounds the payloads with settings in a profile: more than one is unusual.
const maxPayloads = 16

// settingsPayload is one dictionary of settings in a profile, and the way to it there.
type settingsPayload struct {
	path     string
	settings any
}

// unwrapProfile joins the settings of a profile's payloads, at their lines.
func (d *decoder) unwrapProfile(profile map[string]any) (map[string]any, bool) {
	payloads, others, isRead := d.findPayloads(profile)
	if !isRead {
		return nil, false
	}
	if len(payloads) == 0 {
		found := "no payload"
		if len(others) > 0 {
			found = "only payloads of " + quoteTypes(others)
		}
		d.addFaultAt("PayloadContent", d.lines["PayloadContent"], "the profile has no settings for %s: expected a payload of that type, found %s", Domain, found)
		return nil, false
	}
	if len(payloads) > maxPayloads {
		d.addFaultAt("PayloadContent", d.lines["PayloadContent"], "expected at most %d payloads for %s, found %d", maxPayloads, Domain, len(payloads))
		return nil, false
	}
	joined, from, lines := map[string]any{}, map[string]string{}, map[string]int{}
	for _, p := range payloads {
		dictionary, isDictionary := p.settings.(map[string]any)
		if !isDictionary {
			d.addFaultAt(p.path, d.lines[p.path], "expected a dictionary, found %s", describeValue(p.settings))
			return nil, false
		}
		for _, name := range slices.Sorted(maps.Keys(dictionary)) {
			if first, twice := from[name]; twice {
				d.addFaultAt(name, d.lines[joinKey(p.path, name)], "is in two payloads of the profile, %s and %s: which of them macOS uses is not defined", first, p.path)
				continue
			}
			from[name], joined[name] = p.path, dictionary[name]
		}
		for path, line := range d.lines {
			if inner, within := strings.CutPrefix(path, p.path+"."); within && from[topKey(inner)] == p.path {
				lines[inner] = line
			}
		}
	}
	d.lines = lines
	return joined, true
}

// findPayloads returns the settings in a profile, and the types of its other payloads.
func (d *decoder) findPayloads(profile map[string]any) (ours []settingsPayload, others []string, isRead bool) {
	list, isArray := profile["PayloadContent"].([]any)
	if !isArray {
		d.addFaultAt("PayloadContent", d.lines["PayloadContent"], "expected the array of payloads of a profile that is not encrypted, found %s", describeValue(profile["PayloadContent"]))
		return nil, nil, false
	}
	for i, element := range list {
		payload, _ := element.(map[string]any)
		path := fmt.Sprintf("PayloadContent[%d]", i)
		switch kind, _ := payload["PayloadType"].(string); kind {
		case Domain:
			deleteProfileKeys(payload)
			ours = append(ours, settingsPayload{path, payload})
		case mcxType:
			nested, found := d.findForced(payload, path)
			if ours = append(ours, nested...); !found {
				others = append(others, kind)
			}
		default:
			others = append(others, kind)
		}
	}
	return ours, others, true
}

// findForced returns the settings in a payload of preferences, which has them two levels further
// in, and whether it has the domain at all.
func (d *decoder) findForced(payload map[string]any, path string) (ours []settingsPayload, found bool) {
	domains, _ := payload["PayloadContent"].(map[string]any)
	raw, found := domains[Domain]
	if !found {
		return nil, false
	}
	modes, _ := raw.(map[string]any)
	path += ".PayloadContent." + Domain
	for _, mode := range slices.Sorted(maps.Keys(modes)) {
		if mode != "Forced" {
			at := joinKey(path, mode)
			d.addFaultAt(at, d.lines[at], "expected Forced: what is not forced, the agent does not read")
		}
	}
	list, _ := modes["Forced"].([]any)
	for i, element := range list {
		forced, _ := element.(map[string]any)
		if settings, has := forced["mcx_preference_settings"]; has {
			ours = append(ours, settingsPayload{fmt.Sprintf("%s.Forced[%d].mcx_preference_settings", path, i), settings})
		}
	}
	return ours, len(ours) > 0
}

// quoteTypes names the types of payloads, the first few of them.
func quoteTypes(types []string) string {
	const most = 5
	slices.Sort(types)
	types = slices.Compact(types)
	more := ""
	if n := len(types) - most; n > 0 {
		types, more = types[:most], fmt.Sprintf(" and %d more", n)
	}
	quoted := make([]string, len(types))
	for i, name := range types {
		quoted[i] = quote.Bounded(name, maxQuoted)
	}
	return strings.Join(quoted, ", ") + more
}
