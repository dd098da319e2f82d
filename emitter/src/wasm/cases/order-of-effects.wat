(module
  (type (;0;) (func (result i32)))
  (type (;1;) (func (param i32) (result i32)))
  (import "host" "f" (func $f (;0;) (type 0)))
  (import "host" "g" (func $g (;1;) (type 0)))
  (memory (;0;) 1)
  (export "memory" (memory 0))
  (export "_start" (func $main))
  (func $main (;2;) (type 1) (param i32) (result i32)
    local.get 0
    i32.load offset=4
    local.get 0
    local.get 0
    i32.add
    call $f
    call $g
    i32.sub
    i32.mul
    i32.add
  )
  (@producers
    (processed-by "mochi-wasm" "0.1.0")
  )
)
