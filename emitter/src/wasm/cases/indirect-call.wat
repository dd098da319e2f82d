(module
  (type (;0;) (func (param i32) (result i32)))
  (table (;0;) 3 3 funcref)
  (memory (;0;) 1)
  (export "memory" (memory 0))
  (export "_start" (func $main))
  (elem (;0;) (i32.const 1) func $half $twice)
  (func $main (;0;) (type 0) (param i32) (result i32)
    local.get 0
    i32.const 2
    call_indirect (type 0)
    i32.const 1024
    i32.load offset=4
    call_indirect (type 0)
  )
  (func $half (;1;) (type 0) (param i32) (result i32)
    local.get 0
    i32.const 1
    i32.shr_u
  )
  (func $twice (;2;) (type 0) (param i32) (result i32)
    local.get 0
    local.get 0
    i32.add
  )
  (data (;0;) (i32.const 1028) "\01")
  (@producers
    (processed-by "mochi-wasm" "0.1.0")
  )
)
