package host

import (
	"reflect"
	"testing"
	"unsafe"
)

// TestRegistryTypes holds that each function is of a type that can be called.
func TestRegistryTypes(t *testing.T) {
	r := &registry{}
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		pointer := reflect.NewAt(v.Field(i).Type(), unsafe.Pointer(v.Field(i).UnsafeAddr())).Interface()
		if !bind("/usr/lib/libSystem.B.dylib", map[string]any{"getpid": pointer}) || v.Field(i).IsNil() {
			t.Errorf("%s: is not set", v.Type().Field(i).Name)
		}
	}
	if bind("/usr/lib/libSystem.B.dylib", map[string]any{"no_such_function": &r.matching}) || bind("/no/such/library", map[string]any{"getpid": &r.matching}) {
		t.Error("got what is not there")
	}
}

// fakeRegistry is a registry in which one step may fail. Its objects are numbers; what was created and
// not released stays in alive.
func fakeRegistry(fails, serial string, alive map[uintptr]bool) *registry {
	create := func(step string, object uintptr) uintptr {
		if step == fails {
			return 0
		}
		alive[object] = true
		return object
	}
	release := func(object uintptr) {
		if !alive[object] {
			panic("released twice")
		}
		delete(alive, object)
	}
	return &registry{
		matching: func(string) uintptr { return create("matching", 1) },
		service: func(_ uint32, matching uintptr) uint32 {
			release(matching)
			return uint32(create("service", 2))
		},
		newString: func(uintptr, string, uint32) uintptr { return create("key", 3) },
		property:  func(uint32, uintptr, uintptr, uint32) uintptr { return create("property", 4) },
		typeOf: func(uintptr) uint {
			if fails == "type" {
				return 8
			}
			return 7
		},
		stringType: func() uint { return 7 },
		copyString: func(_ uintptr, to *byte, size int, _ uint32) bool {
			if fails == "text" || len(serial)+1 > size {
				return false
			}
			copy(unsafe.Slice(to, size), serial+"\x00")
			return true
		},
		releaseIO:   func(object uint32) int32 { release(uintptr(object)); return 0 },
		releaseCore: release,
	}
}

// TestRegistry has each step fail: there is no serial number then, and nothing stays behind.
func TestRegistry(t *testing.T) {
	for _, fails := range []string{"", "matching", "service", "key", "property", "type", "text"} {
		alive := map[uintptr]bool{}
		want := "C02XG0AAJGH5"
		if fails != "" {
			want = ""
		}
		if got := fakeRegistry(fails, "C02XG0AAJGH5", alive).serialNumber(); got != want || len(alive) > 0 {
			t.Errorf("%q fails: got %q, and %d objects that were not released, want %q and none", fails, got, len(alive), want)
		}
	}
}
