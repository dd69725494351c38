package plist

import (
	"testing"

	howett "howett.net/plist"
)

// BenchmarkDecode reads a document of the size of a user's loginwindow preferences.
func BenchmarkDecode(b *testing.B) {
	for _, format := range []int{howett.BinaryFormat, howett.XMLFormat} {
		b.Run(howett.FormatNames[format], func(b *testing.B) {
			doc := encode(sample(), format)
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(doc); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDecodeText reads the dictionary of a defaults command.
func BenchmarkDecodeText(b *testing.B) {
	doc := []byte(`{LoginHook="/Library/Application Support/x.sh";}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeText(doc); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHostile reads the documents that take the longest.
func BenchmarkHostile(b *testing.B) {
	for _, name := range []string{"XML all the values", "XML all the dicts", "one UTF-16 string of 2 MB", "all the dictionaries"} {
		b.Run(name, func(b *testing.B) {
			doc := hostileFiles()[name]
			for b.Loop() {
				if _, err := Decode(doc); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
