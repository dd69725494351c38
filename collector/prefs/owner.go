package prefs

import (
	"cmp"

	"hooksnare/pkg/event"
	"hooksnare/pkg/safefile"
)

// owner is the owner of a file or a folder; the zero value means unknown.
type owner struct {
	uid   uint32
	known bool
}

// id returns the owner's id, event.None if it is unknown.
func (o owner) id() uint32 {
	if !o.known {
		return event.None
	}
	return o.uid
}

// pointer returns the owner's id, nil if it is unknown.
func (o owner) pointer() *uint32 {
	if !o.known {
		return nil
	}
	return &o.uid
}

func ownerAt(uid *uint32) owner {
	if uid == nil {
		return owner{}
	}
	return owner{*uid, true}
}

// owners are those who could have written a file, beside root.
type owners struct{ file, folder owner }

// or fills in what is unknown.
func (o owners) or(other owners) owners {
	return owners{cmp.Or(o.file, other.file), cmp.Or(o.folder, other.folder)}
}

// ownerOf returns the owner of a file, unknown for the zero version. Whoever owns the folder
// that plays the root folder plays root.
func (d *disk) ownerOf(v safefile.FileVersion) owner {
	switch {
	case v == safefile.FileVersion{}:
		return owner{}
	case d.root != "" && v.UID == d.owner:
		return owner{0, true}
	}
	return owner{v.UID, true}
}
