package alert

import (
	"strconv"
	"strings"
	"time"
)

// AddRows adds what is known of the program.
func (p *Program) AddRows(rows *Rows) {
	rows.Add("program", p.summary())
	rows.Add("arguments", p.Arguments)
	rows.Add("shebang", p.Shebang)
	if s := p.Signing; s != nil {
		rows.Add("claims", strings.TrimSpace(s.ID+" "+s.TeamID))
	}
	rows.Add("sha256", p.SHA256)
	rows.Add("unread", p.Unread)
	risks := strings.Join(p.Risks, ", ")
	if p.WritableBy != "" {
		risks += " (" + p.WritableBy + ")"
	}
	rows.Add("risks", risks)
	rows.Add("shadowed", p.Shadow)
	rows.Add("copy", p.Kept)
	for _, part := range p.Parts {
		what := part.Path
		if !part.Exists {
			what += ", which does not exist"
		}
		rows.Add("runs", joinNonEmpty(what, part.SHA256))
	}
	rows.Add("not watched", strings.Join(p.NotWatched, ", "))
}

// summary is the program in a line: path, kind, size, owner, mode and age.
func (p *Program) summary() string {
	path := p.Path
	if path == "" {
		path = "(no path)"
	}
	if !p.Exists {
		return path + ", which does not exist"
	}
	if p.Resolved != "" && p.Resolved != p.Path {
		path += " -> " + p.Resolved
	}
	kind := p.Kind
	if kind == "" {
		kind = p.Type
	}
	var size, owner, mode, modified string
	if p.Size != nil {
		size = strconv.FormatInt(*p.Size, 10) + " bytes"
	}
	if p.Owner != "" {
		owner = "owner " + p.Owner
	}
	if p.Mode != "" {
		mode = "mode " + p.Mode
	}
	if p.Modified != nil {
		modified = "modified " + p.Modified.UTC().Format(time.DateTime) + "Z"
	}
	return joinNonEmpty(path, kind, size, owner, mode, modified)
}
