package exceptions

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"hooksnare/agent/config"
	"hooksnare/collector/program"
	"hooksnare/detect/hook"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
	"hooksnare/pkg/quote"
)

// Proposal is an exception that an alert is to be made of.
type Proposal struct {
	Exception config.Exception
	Alert     string         // its event.id
	Hook      *alert.Hook    // what it covers
	Program   *event.Program // as it is now; nil where the hook has none
	Notes     []string       // what to know before
}

// Wish is what is wanted of an exception.
type Wish struct {
	ID       string // "" for one made of the alert's
	Reason   string
	Expires  time.Time // zero means never
	Unpinned bool      // whatever the program is or becomes
}

// UnpinnedError says why an exception can't hold for a program as it is.
type UnpinnedError struct{ Why string }

func (e *UnpinnedError) Error() string {
	return "can't be pinned to its program: " + e.Why +
		" (--unpinned allows the value all the same, whatever its program is or becomes)"
}

// Propose makes an exception of an alert's documents: for the hook's value, key and file as
// the last of them tells it, and for its program as it is now on the disk below root.
func Propose(root string, docs []*alert.Alert, w Wish) (*Proposal, error) {
	var p Proposal
	for _, d := range slices.Backward(docs) {
		if d.Hooksnare != nil && d.Hooksnare.Hook != nil {
			p.Alert, p.Hook = d.Event.ID, d.Hooksnare.Hook
			break
		}
	}
	if p.Hook == nil {
		return nil, errors.New("the alert is not about a hook: only a hook with a value can be allowed")
	}
	where, err := whereOf(p.Hook)
	if err != nil {
		return nil, err
	}
	p.Exception = config.Exception{ID: w.ID, Where: where, Reason: w.Reason, Expires: w.Expires.UTC().Truncate(time.Second)}
	if w.Expires.IsZero() {
		p.Exception.Expires = time.Time{}
	}
	if w.ID == "" {
		if p.Exception.ID, err = nameOf(p.Alert); err != nil {
			return nil, err
		}
	}
	if err := p.pin(root, w.Unpinned); err != nil {
		return nil, err
	}
	p.compare(docs)
	return &p, nil
}

var namePattern = regexp.MustCompile(`^[A-Za-z0-9_-]+`)

// nameOf returns the name of an exception that none was given for.
func nameOf(id string) (string, error) {
	const most = 16
	name := namePattern.FindString(id)
	if name == "" {
		return "", errors.New("no name can be made of the alert's id: give one with --id")
	}
	return "alert-" + name[:min(len(name), most)], nil
}

// pin looks at the program and asks that it stays as it is.
func (p *Proposal) pin(root string, unpinned bool) error {
	why := fmt.Sprintf("%s names no program", orWord(quote.Printable(p.Hook.Key), "it"))
	want := config.Require{Owner: "root", NotWritableByOthers: true}
	if p.Hook.Key == hook.LoginHook || p.Hook.Key == hook.LogoutHook {
		found := program.Examine(root, *p.Hook.Value)
		p.Program = &found
		if why = unpinnable(&found); why == "" {
			want.SHA256 = []string{found.SHA256}
			for i := range found.Parts {
				if part := &found.Parts[i]; part.Hashed && !slices.Contains(want.SHA256, part.SHA256) {
					want.SHA256 = append(want.SHA256, part.SHA256)
				}
			}
			why = NewPins(root, nil).unmetByAny(&found, want)
		}
	}
	switch {
	case unpinned:
		p.Notes = append(p.Notes, "not pinned: it holds for the value alone, whatever its program is or becomes")
		return nil
	case why != "":
		return &UnpinnedError{why}
	}
	p.Exception.Require = want
	return nil
}

// compare adds a note if the program is not the one in the alert.
func (p *Proposal) compare(docs []*alert.Alert) {
	if p.Program == nil || p.Program.SHA256 == "" {
		return
	}
	for _, d := range slices.Backward(docs) {
		if d.Hooksnare == nil || d.Hooksnare.Program == nil || d.Hooksnare.Program.SHA256 == "" {
			continue
		}
		if was := d.Hooksnare.Program.SHA256; was != p.Program.SHA256 {
			p.Notes = append(p.Notes, fmt.Sprintf("the program is not the one in the alert: SHA-256 was %s, is %s", was, p.Program.SHA256))
		}
		return
	}
}
