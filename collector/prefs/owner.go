package prefs

import (
	"cmp"

	"hooksnare/pkg/safefile"
)

// owner is the owner of a file or a folder: the user's id plus one, 0 if that is unknown.
type owner uint32

// id returns the owner's id, event.None if it is unknown.
func (o owner) id() uint32 { return uint32(o) - 1 }

// pointer returns the owner's id, nil if it is unknown.
func (o owner) pointer() *uint32 {
	if o == 0 {
		return nil
	}
	id := o.id()
	return &id
}

func ownerAt(id *uint32) owner {
	if id == nil {
		return 0
	}
	return owner(*id + 1)
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
		return 0
	case d.root != "" && v.UID == d.owner:
		return 1
	}
	return owner(v.UID + 1)
}
