package profile

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"howett.net/plist"

	"hooksnare/agent/config"
)

// form is a key as a form has it, in the words of the table.
type form struct {
	name, kind, unit string
	byDefault        string
	choices          string
	members          []form
}

// TestForms holds that both forms have each key of the table, with its type, unit and default.
func TestForms(t *testing.T) {
	want := formsOf(config.Keys())
	content, err := JamfSchema(config.Keys())
	if err != nil {
		t.Fatal(err)
	}
	var top schemaNode
	if err := json.Unmarshal(content, &top); err != nil {
		t.Fatal(err)
	}
	if got := top.forms(t); !reflect.DeepEqual(got, want) {
		t.Errorf("schema:\n got %+v\nwant %+v", got, want)
	}
	if content, err = Manifest(config.Keys(), time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	var manifest map[string]any
	if _, err := plist.Unmarshal(content, &manifest); err != nil {
		t.Fatal(err)
	}
	if got := subkeyForms(t, manifest["pfm_subkeys"]); !reflect.DeepEqual(got, want) {
		t.Errorf("manifest:\n got %+v\nwant %+v", got, want)
	}
}

// formsOf returns what the forms must have.
func formsOf(keys []config.Key) (all []form) {
	for _, k := range keys {
		kind := string(k.Kind)
		if k.Kind == config.Date {
			kind = "string" // as far as a schema in JSON goes
		}
		all = append(all, form{k.Name, kind, k.Unit, asJSON(k.Default), strings.Join(k.Choices, " "), formsOf(k.Members)})
	}
	return all
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// schemaNode is a JSON schema as its reader has it.
type schemaNode struct {
	Title, Description, Type string
	Default                  any
	Enum                     []string
	Items                    *schemaNode
	AdditionalProperties     *schemaNode
	Properties               map[string]*schemaNode
	Order                    int `json:"property_order"`
	Options                  struct{ InfoText string }
}

// forms returns the keys in their order.
func (s *schemaNode) forms(t *testing.T) []form {
	if len(s.Properties) == 0 {
		return nil
	}
	all := make([]form, len(s.Properties))
	for name, p := range s.Properties {
		i := p.Order/5 - 1
		if i < 0 || i >= len(all) || all[i].name != "" || p.Description == "" || !strings.Contains(p.Options.InfoText, name) {
			t.Fatalf("%s: got %+v, want an order of its own, a description and the key", name, p)
		}
		f := form{name: name, byDefault: asJSON(p.Default), choices: strings.TrimPrefix(strings.Join(p.Enum, " "), " "), members: p.forms(t)}
		f.kind = map[string]string{"string": "string", "boolean": "boolean", "integer": "integer", "number": "real", "array": "array of strings", "object": "dictionary"}[p.Type]
		if len(p.Enum) > 0 && p.Default == nil && p.Enum[0] != "" {
			t.Errorf("%s: got choices %q, want none of them where nothing is chosen", name, p.Enum)
		}
		if p.Items != nil && p.Items.Type == "object" {
			f.kind, f.members = "array of dictionaries", p.Items.forms(t)
		}
		if p.AdditionalProperties != nil {
			f.kind = "dictionary of " + p.AdditionalProperties.Type + "s"
		}
		if _, unit, found := strings.Cut(p.Title, " ("); found {
			f.unit = strings.TrimSuffix(unit, ")")
		}
		all[i] = f
	}
	return all
}

// subkeyForms returns the keys of a manifest, without those that every payload has.
func subkeyForms(t *testing.T, subkeys any) (all []form) {
	list, _ := subkeys.([]any)
	for _, s := range list {
		d := s.(map[string]any)
		name, _ := d["pfm_name"].(string)
		if strings.HasPrefix(name, "Payload") {
			continue
		}
		f := form{name: name, kind: d["pfm_type"].(string), byDefault: asJSON(d["pfm_default"])}
		f.unit, _ = d["pfm_value_unit"].(string)
		if choices, found := d["pfm_range_list"].([]any); found {
			f.choices = strings.Trim(fmt.Sprint(choices), "[]")
		}
		members, _ := d["pfm_subkeys"].([]any)
		switch {
		case f.kind == "date":
			f.kind = "string"
		case f.kind == "array" && members[0].(map[string]any)["pfm_type"] == "dictionary":
			f.kind, f.members = "array of dictionaries", subkeyForms(t, members[0].(map[string]any)["pfm_subkeys"])
		case f.kind == "array":
			f.kind = "array of strings"
		case f.kind == "dictionary" && members[0].(map[string]any)["pfm_name"] == "{{key}}":
			f.kind = "dictionary of strings"
		case f.kind == "dictionary":
			f.members = subkeyForms(t, d["pfm_subkeys"])
		}
		if d["pfm_description"] == "" || d["pfm_title"] == "" {
			t.Errorf("%s: got %v, want a title and a description", name, d)
		}
		all = append(all, f)
	}
	return all
}

// TestDefaultsOfForms holds that settings of all the defaults that a form fills in are the default
// configuration.
func TestDefaultsOfForms(t *testing.T) {
	schema, err := JamfSchema(config.Keys())
	if err != nil {
		t.Fatal(err)
	}
	var top schemaNode
	if err := json.Unmarshal(schema, &top); err != nil {
		t.Fatal(err)
	}
	values := map[string]any{}
	for name, p := range top.Properties {
		if n, isNumber := p.Default.(float64); isNumber && p.Type == "integer" {
			values[name] = int64(n)
		} else if p.Default != nil {
			values[name] = p.Default
		}
	}
	content, err := Options{}.Settings(values)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "settings.mobileconfig")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := config.ReadSettings(config.Options{File: file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got.Config.Exceptions {
		got.Config.Exceptions[i].Key = ""
	}
	for i := range got.Config.Outputs {
		got.Config.Outputs[i].Key = ""
	}
	if want := config.Default(); !reflect.DeepEqual(got.Config, want) {
		t.Errorf("%v: got %+v, want %+v", values, got.Config, want)
	}
}
