package host

import (
	"bytes"

	"github.com/ebitengine/purego"
)

const (
	ioKit          = "/System/Library/Frameworks/IOKit.framework/IOKit"
	coreFoundation = "/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation"

	inUTF8 = uint32(0x08000100) // kCFStringEncodingUTF8
)

// registry has the functions that know the serial number. Objects are addresses, 0 for none.
type registry struct {
	matching    func(class string) uintptr
	service     func(mainPort uint32, matching uintptr) uint32 // releases matching
	property    func(entry uint32, key, allocator uintptr, options uint32) uintptr
	releaseIO   func(object uint32) int32
	newString   func(allocator uintptr, text string, encoding uint32) uintptr
	typeOf      func(object uintptr) uint
	stringType  func() uint
	copyString  func(object uintptr, to *byte, size int, encoding uint32) bool
	releaseCore func(object uintptr)
}

// openRegistry returns false where a library or a function is missing.
func openRegistry() (*registry, bool) {
	r := &registry{}
	found := bind(ioKit, map[string]any{
		"IOServiceMatching": &r.matching, "IOServiceGetMatchingService": &r.service,
		"IORegistryEntryCreateCFProperty": &r.property, "IOObjectRelease": &r.releaseIO,
	}) && bind(coreFoundation, map[string]any{
		"CFStringCreateWithCString": &r.newString, "CFGetTypeID": &r.typeOf, "CFStringGetTypeID": &r.stringType,
		"CFStringGetCString": &r.copyString, "CFRelease": &r.releaseCore,
	})
	return r, found
}

// bind sets functions to those of a library, by name.
func bind(library string, functions map[string]any) bool {
	lib, err := purego.Dlopen(library, purego.RTLD_LAZY)
	if err != nil {
		return false
	}
	for name, function := range functions {
		address, err := purego.Dlsym(lib, name)
		if err != nil {
			return false
		}
		purego.RegisterFunc(function, address)
	}
	return true
}

// serialNumber returns the Mac's serial number, "" where it can't be had.
func serialNumber() string {
	r, found := openRegistry()
	if !found {
		return ""
	}
	return r.serialNumber()
}

// serialNumber asks the platform expert, as system_profiler does.
func (r *registry) serialNumber() string {
	matching := r.matching("IOPlatformExpertDevice")
	if matching == 0 {
		return ""
	}
	expert := r.service(0, matching)
	if expert == 0 {
		return ""
	}
	defer r.releaseIO(expert)
	key := r.newString(0, "IOPlatformSerialNumber", inUTF8)
	if key == 0 {
		return ""
	}
	defer r.releaseCore(key)
	value := r.property(expert, key, 0, 0)
	if value == 0 {
		return ""
	}
	defer r.releaseCore(value)
	var text [2 * maxSerial]byte
	if r.typeOf(value) != r.stringType() || !r.copyString(value, &text[0], len(text), inUTF8) {
		return ""
	}
	serial, _, _ := bytes.Cut(text[:], []byte{0})
	return string(serial)
}
