package prefs

import (
	"fmt"
	"strings"
)

// CheckHomes reports why a collector can't look at home folders outside /Users: there are
// too many, or one can't be a home.
func CheckHomes(homes []string) error {
	if len(homes) > maxHomes {
		return fmt.Errorf("homes outside /Users: %d, more than the %d that are looked at", len(homes), maxHomes)
	}
	for _, h := range homes {
		if err := CheckHome(h); err != nil {
			return fmt.Errorf("home %.80q: %w", h, err)
		}
	}
	return nil
}

// CheckHome reports why a path, as a Mac knows it, can't be the home of a user.
func CheckHome(home string) error {
	if !strings.HasPrefix(home, "/") || strings.IndexByte(home, 0) >= 0 {
		return fmt.Errorf("expected the absolute path of a home folder, found %.80q", home)
	}
	switch at := canonical(home); at {
	case "/", usersFolder, library, managedFolder, etcFolder:
		return fmt.Errorf("%s is not a home: name the home folders themselves", at)
	}
	return nil
}
