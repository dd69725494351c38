package profile

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"hooksnare/agent/config"
)

// schema is a JSON schema as Jamf Pro reads it.
type schema struct {
	Domain      string     `json:"__preferencedomain,omitempty"`
	Title       string     `json:"title,omitempty"`
	Description string     `json:"description,omitempty"`
	Type        string     `json:"type,omitempty"`
	Format      string     `json:"format,omitempty"`
	Order       int        `json:"property_order,omitempty"`
	Default     any        `json:"default,omitempty"`
	Enum        []string   `json:"enum,omitempty"`
	Items       *schema    `json:"items,omitempty"`
	Others      *schema    `json:"additionalProperties,omitempty"`
	Properties  properties `json:"properties,omitempty"`
	Options     *options   `json:"options,omitempty"`
}

// options are those of the editor that Jamf Pro makes the form with.
type options struct {
	InfoText    string `json:"infoText,omitempty"`
	RemoveEmpty bool   `json:"remove_empty_properties,omitempty"` // a field that is left empty is not in the settings
	RemoveFalse bool   `json:"remove_false_properties,omitempty"` // nor is a box that is not ticked
}

// properties are the properties of an object, in their order.
type properties []property

type property struct {
	name string
	schema
}

// MarshalJSON writes the object, keys in their order: a reader then finds them as in the reference.
func (all properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range all {
		name, err := json.Marshal(all[i].name)
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(&all[i].schema)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(append(append(name, ':'), body...))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// jsonTypes has the type of each kind in a JSON schema.
var jsonTypes = map[config.Kind]string{
	config.String: "string", config.Boolean: "boolean", config.Integer: "integer", config.Real: "number", config.Date: "string",
	config.Strings: "array", config.Dictionary: "object", config.Dictionaries: "array", config.StringsByName: "object",
}

// JamfSchema returns the custom schema that Jamf Pro makes a form of.
func JamfSchema(keys []config.Key) ([]byte, error) {
	top := schema{
		Domain: label, Options: &options{RemoveEmpty: true},
		Title: "Hooksnare (" + label + ")", Description: "Settings of the agent that catches login and logout hooks. What is left out has its default.",
		Properties: schemasOf(keys),
	}
	b, err := json.MarshalIndent(&top, "", "  ")
	return append(b, '\n'), err
}

func schemasOf(keys []config.Key) (all properties) {
	for i := range keys {
		k := &keys[i]
		s := schema{
			Title: titleOf(k), Description: plainText(k.Doc), Type: jsonTypes[k.Kind], Order: 5 * (i + 1), Default: k.Default, Enum: enumOf(k),
			Options: &options{InfoText: "Key: " + k.Name},
		}
		switch k.Kind {
		case config.Date:
			s.Format = "date-time" // RFC 3339: a form has no dates of a property list
		case config.Strings:
			s.Items = &schema{Type: "string"}
		case config.StringsByName:
			s.Others = &schema{Type: "string"}
		case config.Dictionary:
			s.Properties, s.Options.RemoveFalse = schemasOf(k.Members), true
		case config.Dictionaries:
			s.Items = &schema{Type: "object", Properties: schemasOf(k.Members)}
		}
		all = append(all, property{k.Name, s})
	}
	return all
}

// enumOf returns the choices of a key. A form picks the first where there is no default: that is none
// of them.
func enumOf(k *config.Key) []string {
	if k.Default != nil || len(k.Choices) == 0 {
		return k.Choices
	}
	return append([]string{""}, k.Choices...)
}

// titleOf returns what a form calls a key: its name, with the unit.
func titleOf(k *config.Key) string {
	if k.Unit != "" {
		return k.Name + " (" + k.Unit + ")"
	}
	return k.Name
}

// plainText takes a text out of Markdown, as a sentence.
func plainText(doc string) string {
	doc = strings.ReplaceAll(doc, "`", "")
	return strings.ToUpper(doc[:min(len(doc), 1)]) + doc[min(len(doc), 1):] + "."
}

// Manifest returns the entry that Profile Creator and iMazing Profile Editor make a form of. modified
// is when the program was made.
func Manifest(keys []config.Key, modified time.Time) ([]byte, error) {
	return encode(map[string]any{
		"pfm_title": "Hooksnare", "pfm_description": "Settings of the agent that catches login and logout hooks",
		"pfm_domain": label, "pfm_format_version": 1, "pfm_version": 1, "pfm_last_modified": modified.UTC(), "pfm_platforms": []any{"macOS"},
		"pfm_macos_min": "13.0", "pfm_targets": []any{"system"}, "pfm_interaction": "combined", "pfm_unique": true,
		"pfm_subkeys": append(payloadSubkeys(), subkeysOf(keys)...),
	})
}

// payloadSubkeys are the keys that every payload has.
func payloadSubkeys() (all []any) {
	for _, k := range []struct {
		name, kind, title string
		value             any
	}{
		{"PayloadDescription", "string", "Payload Description", "Configures Hooksnare"},
		{"PayloadDisplayName", "string", "Payload Display Name", "Hooksnare"},
		{"PayloadIdentifier", "string", "Payload Identifier", label},
		{"PayloadType", "string", "Payload Type", label},
		{"PayloadUUID", "string", "Payload UUID", nil},
		{"PayloadVersion", "integer", "Payload Version", 1},
		{"PayloadOrganization", "string", "Payload Organization", nil},
	} {
		subkey := map[string]any{"pfm_name": k.name, "pfm_type": k.kind, "pfm_title": k.title, "pfm_description": k.title}
		if k.value != nil {
			subkey["pfm_default"] = k.value
		}
		if k.name != "PayloadDescription" && k.name != "PayloadOrganization" {
			subkey["pfm_require"] = "always"
		}
		all = append(all, subkey)
	}
	return all
}

// manifestTypes has the type of each kind in a manifest.
var manifestTypes = map[config.Kind]string{
	config.String: "string", config.Boolean: "boolean", config.Integer: "integer", config.Real: "real", config.Date: "date",
	config.Strings: "array", config.Dictionary: "dictionary", config.Dictionaries: "array", config.StringsByName: "dictionary",
}

func subkeysOf(keys []config.Key) (all []any) {
	for i := range keys {
		k := &keys[i]
		subkey := map[string]any{"pfm_name": k.Name, "pfm_title": k.Name, "pfm_description": plainText(k.Doc), "pfm_type": manifestTypes[k.Kind]}
		if k.Unit != "" {
			subkey["pfm_value_unit"] = k.Unit
		}
		if k.Default != nil {
			subkey["pfm_default"] = k.Default
		}
		if len(k.Choices) > 0 {
			subkey["pfm_range_list"] = k.Choices
		}
		switch k.Kind {
		case config.Strings:
			subkey["pfm_subkeys"] = []any{map[string]any{"pfm_type": "string"}}
		case config.StringsByName: // any names: what both editors take these two words for
			subkey["pfm_subkeys"] = []any{
				map[string]any{"pfm_name": "{{key}}", "pfm_title": "Name", "pfm_type": "string"},
				map[string]any{"pfm_name": "{{value}}", "pfm_title": "Value", "pfm_type": "string"},
			}
		case config.Dictionary:
			subkey["pfm_subkeys"] = subkeysOf(k.Members)
		case config.Dictionaries:
			subkey["pfm_subkeys"] = []any{map[string]any{"pfm_type": "dictionary", "pfm_subkeys": subkeysOf(k.Members)}}
		}
		all = append(all, subkey)
	}
	return all
}
