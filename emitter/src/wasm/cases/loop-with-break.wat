(module
  (type (;0;) (func (param i32)))
  (type (;1;) (func (param i32) (result i32)))
  (import "host" "sink" (func $sink (;0;) (type 0)))
  (memory (;0;) 1)
  (export "memory" (memory 0))
  (export "_start" (func $main))
  (func $main (;1;) (type 1) (param i32) (result i32)
    (local i32 i32)
    block ;; label = @1
      local.get 0
      i32.eqz
      i32.const 0
      local.set 2
      br_if 0 (;@1;)
      i32.const 0
      local.get 0
      local.set 1
      local.set 2
      loop ;; label = @2
        local.get 2
        i32.const 7
        i32.ne
        if ;; label = @3
          local.get 2
          call $sink
          local.get 2
          i32.const 1
          i32.add
          local.tee 2
          local.get 0
          i32.lt_s
          br_if 1 (;@2;)
          br 2 (;@1;)
        end
      end
      local.get 1
      call $sink
    end
    local.get 2
  )
  (@producers
    (processed-by "mochi-wasm" "0.1.0")
  )
)
