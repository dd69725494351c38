package alert

import (
	"strconv"
	"strings"
	"time"
)

// Rows tells of a program for a person, a name and a text each.
func (p *Program) Rows() [][2]string {
	out := [][2]string{{"program", p.what()}}
	add := func(name, text string) {
		if text != "" {
			out = append(out, [2]string{name, text})
		}
	}
	add("arguments", p.Arguments)
	add("shebang", p.Shebang)
	if s := p.Signing; s != nil {
		add("claims", strings.TrimSpace(s.ID+" "+s.TeamID))
	}
	add("sha256", p.SHA256)
	add("unread", p.Unread)
	risks := strings.Join(p.Risks, ", ")
	if p.WritableBy != "" {
		risks += " (" + p.WritableBy + ")"
	}
	add("risks", risks)
	add("shadowed", p.Shadow)
	add("copy", p.Kept)
	return out
}

// what is the program in a line: path, kind, size, owner, mode and age.
func (p *Program) what() string {
	path := p.Path
	if path == "" {
		path = "(no path)"
	}
	if !p.Exists {
		return path + ", which does not exist"
	}
	parts := []string{path}
	if p.Resolved != "" && p.Resolved != p.Path {
		parts[0] += " -> " + p.Resolved
	}
	kind := p.Kind
	if kind == "" {
		kind = p.Type
	}
	if kind != "" {
		parts = append(parts, kind)
	}
	if p.Size != nil {
		parts = append(parts, strconv.FormatInt(*p.Size, 10)+" bytes")
	}
	if p.Owner != "" {
		parts = append(parts, "owner "+p.Owner)
	}
	if p.Mode != "" {
		parts = append(parts, "mode "+p.Mode)
	}
	if p.Modified != nil {
		parts = append(parts, "modified "+p.Modified.UTC().Format(time.DateTime)+"Z")
	}
	return strings.Join(parts, ", ")
}
